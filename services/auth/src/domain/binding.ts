import { authProblem } from './auth-problem.js';

/** One role in one tenant (`*`: all) and one environment (`*`: all). */
export interface Binding {
  readonly role: string;
  readonly tenantId: string;
  readonly environment: string;
}

/** The permissions of a role, from `contracts/permissions.ts`. */
export type PermissionsOf = (role: string) => readonly string[];

/** What a caller may pass on: what its bindings hold, and of that only what the key or token it came with allows. */
export interface Holder {
  readonly bindings: readonly Binding[];
  readonly permissions: ReadonlySet<string>;
}

/** A right that is passed on: these permissions there. */
export interface Grant {
  readonly tenantId: string;
  readonly environment: string;
  readonly permissions: readonly string[];
}

const covers = (held: string, wanted: string): boolean => held === '*' || held === wanted;

/** What the binding allows, narrowed to the scopes when there are any. */
export function grantOf(binding: Binding, permissionsOf: PermissionsOf, scopes: readonly string[] = []): Grant {
  const permissions = permissionsOf(binding.role).filter((p) => scopes.length === 0 || scopes.includes(p));
  return { tenantId: binding.tenantId, environment: binding.environment, permissions };
}

const textOf = (b: Binding): string => `${b.role} ${b.tenantId} ${b.environment}`;

/** Each binding once, in one order. */
export function distinctBindings(bindings: readonly Binding[]): Binding[] {
  const byText = new Map(bindings.map((binding) => [textOf(binding), binding]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, binding]) => binding);
}

/** Bindings that are in one list and not in the other: what a change gives or takes. */
export function changedBindings(before: readonly Binding[], after: readonly Binding[]): Binding[] {
  const [old, next] = [new Set(before.map(textOf)), new Set(after.map(textOf))];
  return [...before.filter((b) => !next.has(textOf(b))), ...after.filter((b) => !old.has(textOf(b)))];
}

/**
 * Nobody gives or takes what they do not hold themselves, in that very tenant and environment.
 * @throws {ProblemError} `auth.privilege_escalation`, naming what is missing.
 */
export function assertHolds(holder: Holder, grants: readonly Grant[], permissionsOf: PermissionsOf): void {
  for (const grant of grants) {
    const held = new Set(
      holder.bindings
        .filter((b) => covers(b.tenantId, grant.tenantId) && covers(b.environment, grant.environment))
        .flatMap((b) => permissionsOf(b.role)),
    );
    const missing = grant.permissions.filter((p) => !held.has(p) || !holder.permissions.has(p));
    if (missing.length > 0)
      throw authProblem(
        'forbidden',
        'privilege_escalation',
        `in tenant '${grant.tenantId}', environment '${grant.environment}', you do not hold ${missing.join(', ')}; ` +
          'only what you hold yourself can be given or taken',
      );
  }
}
