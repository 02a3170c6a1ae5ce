import { authRoutes, type Permission, type Role } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { type Client, Refused } from './client.js';
import { Client as Caller } from './client.js';

export const PLATFORM = 'platform';

/** Somebody with a key of their own. */
export interface Actor {
  readonly principalId: string;
  readonly client: Client;
}

/** One tenant: a program that loads data and predicts, and a person who decides for it. */
export interface Tenant {
  readonly tenantId: string;
  readonly program: Actor;
  readonly steward: Actor;
}

/** The platform's people, and the tenants. */
export interface Cast {
  readonly admin: Client;
  /** Trains and proposes; may decide, too, but not about what they asked for. */
  readonly scientist: Actor;
  readonly approver: Actor;
  readonly tenants: readonly Tenant[];
}

export async function assembleCast(admin: Client, tenantIds: readonly string[]): Promise<Cast> {
  const platform = admin.in(PLATFORM);
  const [scientist, approver, ...tenants] = await Promise.all([
    addActor(platform, 'Sam, scientist', [binding('data-scientist', '*'), binding('approver', PLATFORM)]),
    addActor(platform, 'Robin, reviewer', [binding('approver', PLATFORM)]),
    ...tenantIds.map((tenantId) => addTenant(admin, tenantId)),
  ]);
  return { admin: platform, scientist, approver, tenants };
}

export async function addTenant(admin: Client, tenantId: string): Promise<Tenant> {
  await orThereIs(() =>
    admin.in(PLATFORM).call(authRoutes.createTenant, { body: { tenantId, displayName: `Machines of ${tenantId}` } }),
  );
  const issuer = admin.in(tenantId);
  await eventually(() => issuer.call(authRoutes.getMe));
  const [program, steward] = await Promise.all([
    addActor(issuer, 'planner', [binding('predictor', tenantId)], 'service-account'),
    addActor(issuer, 'steward', [binding('tenant-admin', tenantId)]),
  ]);
  return { tenantId, program, steward };
}

export function binding(role: Role, tenantId: string): { role: Role; tenantId: string } {
  return { role, tenantId };
}

/** Makes a principal in the issuer's acting tenant, with a key that works. */
export async function addActor(
  issuer: Client,
  name: string,
  bindings: readonly { role: Role; tenantId: string }[],
  kind: 'user' | 'service-account' = 'user',
): Promise<Actor> {
  const { principalId } = await issuer.call(authRoutes.createPrincipal, {
    body: { kind, name, bindings: [...bindings] },
  });
  return { principalId, client: await addKey(issuer, principalId) };
}

/** A key that the gateway knows, narrowed to `scopes` when there are any. */
export async function addKey(issuer: Client, principalId: string, scopes: readonly Permission[] = []): Promise<Client> {
  const made = await eventually(() =>
    issuer.call(authRoutes.createKey, { body: { principalId, scopes: [...scopes] } }),
  );
  const client = new Caller(issuer.url, made.key);
  await eventually(() => client.call(authRoutes.getMe));
  return client;
}

/** What is asked for may have been done by an attempt whose answer got lost. */
export async function orThereIs(make: () => Promise<unknown>): Promise<void> {
  await make().catch((error: unknown) => {
    if (!(error instanceof Refused && error.problem.code.endsWith('_exists'))) throw error;
  });
}

/** Services hear of each other's things a moment later: tries again while one says that it has not. */
export async function onceHeard<T>(ask: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + 60_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const hasNotHeard = error instanceof Refused && /_(?:not_found|not_placed|missing)$/.test(error.problem.code);
      if (!hasNotHeard || performance.now() > untilMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
