import { PLATFORM_TENANT } from '@myriad/kernel';
import { distinctBindings, type Binding } from './binding.js';

/** A role that members of a group of the provider hold. */
export interface GroupRole {
  readonly group: string;
  readonly role: string;
  /** Default: the member's home tenant. */
  readonly tenantId?: string | undefined;
  /** Default `*`. */
  readonly environment?: string | undefined;
}

/** Which tenant the people of a provider are at home in. */
export type ProviderTenant =
  | { readonly tenantId: string }
  | {
      /** The claim of the ID token that names it. */
      readonly claim: string;
      /** The tenants that it may name; `*`: all but the platform. */
      readonly allowed: readonly string[] | '*';
    };

/** An OpenID Connect provider that this platform relies on. */
export interface LoginProvider {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Public client of the device flow; absent: none. */
  readonly deviceClientId?: string | undefined;
  readonly scopes: readonly string[];
  readonly redirectUris: readonly string[];
  readonly tenant: ProviderTenant;
  readonly algorithms: readonly string[];
  /** By how much the provider's clock may differ, seconds. */
  readonly clockSkewSeconds: number;
  /** The claim with the groups; a dotted path where there is none of the very name. */
  readonly groupClaim: string;
  readonly roles: readonly GroupRole[];
  /** Whether one may log in who would hold no role. */
  readonly isRoleOptional: boolean;
  /** Whether everybody is told of it. */
  readonly isListed: boolean;
}

/** What a verified ID token says. */
export type IdTokenClaims = Readonly<Record<string, unknown>> & { readonly sub: string };

const MAX_GROUPS = 1000;
const MAX_NAME = 200;

/** The home tenant of whom the claims are of; undefined when the provider may not speak for it. */
export function tenantOf({ tenant }: LoginProvider, claims: IdTokenClaims): string | undefined {
  if ('tenantId' in tenant) return tenant.tenantId;
  const named = Object.hasOwn(claims, tenant.claim) ? claims[tenant.claim] : undefined;
  if (typeof named !== 'string') return undefined;
  const isAllowed = tenant.allowed === '*' ? named !== PLATFORM_TENANT : tenant.allowed.includes(named);
  return isAllowed ? named : undefined;
}

/** The roles that the groups in the claims give whom is at home in the tenant. */
export function groupBindingsOf(
  { groupClaim, roles }: LoginProvider,
  homeTenantId: string,
  claims: IdTokenClaims,
): Binding[] {
  const groups = groupsOf(groupClaim, claims);
  const bindings = roles
    .filter(({ group }) => groups.has(group))
    .map(({ role, tenantId = homeTenantId, environment = '*' }) => ({ role, tenantId, environment }));
  return distinctBindings(bindings);
}

/** How a person is called; never an identity. */
export function nameOf(claims: IdTokenClaims): string {
  const candidates = [claims['name'], claims['preferred_username'], claims['email'], claims.sub];
  const names = candidates.map((name) => (typeof name === 'string' ? name.replace(/\p{Cc}/gu, ' ').trim() : ''));
  return Array.from(names.find((name) => name !== '') ?? 'nameless')
    .slice(0, MAX_NAME)
    .join('');
}

function groupsOf(claim: string, claims: IdTokenClaims): ReadonlySet<string> {
  const found = Object.hasOwn(claims, claim) ? claims[claim] : atPath(claims, claim.split('.'));
  const list: readonly unknown[] = Array.isArray(found) ? found.slice(0, MAX_GROUPS) : [found];
  return new Set(list.filter((group) => typeof group === 'string'));
}

function atPath(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return atPath((value as Readonly<Record<string, unknown>>)[name], rest);
}
