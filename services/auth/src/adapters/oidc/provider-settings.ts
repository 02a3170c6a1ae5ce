import { ConfigError, secretReference, type ConfigFault, type Environment } from '@myriad/config';
import { ROLES, fields, type Role } from '@myriad/contracts';
import { PLATFORM_TENANT } from '@myriad/kernel';
import { z } from 'zod';
import type { LoginProvider } from '../../domain/login-provider.js';
import { isTrustworthyUrl } from './fetch-json.js';

/** A provider with what only its adapter needs. */
export interface ProviderSettings extends LoginProvider {
  /** The client secret as it is now; absent for a public client. */
  readonly clientSecret: (() => string) | undefined;
  readonly clientAuthentication: 'client_secret_basic' | 'client_secret_post';
}

/** Signatures by a key that only the provider has. `none` and HMAC are never accepted. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

const trustworthyUrl = z
  .url({ protocol: /^https?$/ })
  .refine(isTrustworthyUrl, 'must be https, but for an address of this machine');

const roleSchema = z.strictObject({
  group: z.string().min(1).max(512),
  role: z.enum(Object.keys(ROLES) as [Role, ...Role[]]),
  tenantId: z.union([fields.tenantId, z.literal('*')]).optional(),
  environment: z.union([fields.environment, z.literal('*')]).optional(),
});

const tenantSchema = z.union([
  fields.tenantId.transform((tenantId) => ({ tenantId })),
  z.strictObject({ claim: z.string().min(1), allowed: z.union([z.literal('*'), z.array(fields.tenantId).min(1)]) }),
]);

const providerSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  name: z.string().min(1).max(200).optional(),
  issuer: trustworthyUrl,
  clientId: z.string().min(1),
  clientSecret: z
    .string()
    .regex(/^(env|file):/, 'must be a reference, env:<VARIABLE> or file:<path>')
    .optional(),
  clientAuthentication: z.enum(['client_secret_basic', 'client_secret_post']).default('client_secret_basic'),
  deviceClientId: z.string().min(1).optional(),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/))
    .default(['openid', 'profile', 'email'])
    .refine((scopes) => scopes.includes('openid'), "must name 'openid'"),
  redirectUris: z.array(trustworthyUrl).default([]),
  tenant: tenantSchema,
  algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(['RS256', 'PS256', 'ES256', 'EdDSA']),
  clockSkewSeconds: z.number().int().min(0).max(300).default(30),
  groupClaim: z.string().min(1).default('groups'),
  roles: z.array(roleSchema).max(1000).default([]),
  isRoleOptional: z.boolean().default(false),
  isListed: z.boolean().default(true),
});

/**
 * The providers of `OIDC_PROVIDERS`, a JSON list.
 * @throws {ConfigError} with every fault, named by the member; never with a secret
 */
export function providerSettings(text: string, env?: Environment): ProviderSettings[] {
  const parsed = z.array(providerSchema).safeParse(jsonOf(text));
  if (!parsed.success)
    throw new ConfigError(
      parsed.error.issues.map(({ path, message }) => fault(`${message} at ${path.map(String).join('.')}`)),
    );
  const faults = parsed.data.flatMap((provider, i) => crossFaults(provider, parsed.data.slice(0, i)));
  if (faults.length > 0) throw new ConfigError(faults);
  return parsed.data.map(({ clientSecret, name, ...provider }) => ({
    ...provider,
    name: name ?? provider.id,
    clientSecret: clientSecret === undefined ? undefined : secretReference('OIDC_PROVIDERS', clientSecret, env),
  }));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigError([fault('must be JSON, [{"id": …, "issuer": …, "clientId": …, "tenant": …}]')]);
  }
}

/** Rules between members: who may speak for whom. */
function crossFaults(
  provider: z.output<typeof providerSchema>,
  before: readonly { readonly id: string }[],
): ConfigFault[] {
  const { id, tenant, roles } = provider;
  const faults: ConfigFault[] = [];
  if (before.some((other) => other.id === id)) faults.push(fault(`'${id}' stands there twice`));
  const home = 'tenantId' in tenant ? tenant.tenantId : undefined;
  const foreign = roles.filter(({ tenantId }) => tenantId !== undefined && tenantId !== home);
  if (home !== PLATFORM_TENANT && foreign.length > 0)
    faults.push(fault(`'${id}' gives roles in other tenants than its own; only a provider of the platform may`));
  return faults;
}

function fault(message: string): ConfigFault {
  return { variable: 'OIDC_PROVIDERS', message };
}
