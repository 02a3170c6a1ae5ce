import { z } from 'zod';
import { fields } from '../define-event.js';
import { defineRoute, pageOf, pageQuery } from '../define-route.js';
import { PERMISSIONS, ROLES, type Role } from '../permissions.js';

const roleName = z.enum(Object.keys(ROLES) as [Role, ...Role[]]);
const permission = z.enum(PERMISSIONS);
const everywhere = z.literal('*');

export const rateLimitSchema = z.strictObject({
  requestsPerSecond: z.number().positive().max(1_000_000),
  burst: z.int().positive().max(1_000_000),
  maxInFlight: z
    .int()
    .positive()
    .max(100_000)
    .optional()
    .describe('requests that may be answered at a time; absent: what the gateway is told'),
});

export const tenantSchema = z.object({
  tenantId: fields.tenantId,
  displayName: z.string(),
  status: z.enum(['active', 'suspended']),
  rateLimit: rateLimitSchema,
  createdAt: fields.time,
});

/** One role in one tenant (or all, `*`) and one environment (or all, `*`). */
export const bindingSchema = z.strictObject({
  role: roleName,
  tenantId: z.union([fields.tenantId, everywhere]),
  environment: z.union([fields.environment, everywhere]).default('*'),
});

export const principalSchema = z.object({
  principalId: fields.id,
  kind: z.enum(['user', 'service-account']),
  name: z.string(),
  homeTenantId: fields.tenantId,
  status: z.enum(['active', 'disabled']),
  bindings: z.array(bindingSchema),
  groupBindings: z
    .array(bindingSchema)
    .optional()
    .describe('roles held besides by the groups of the identity provider, as of the last login'),
  createdAt: fields.time,
});

/** A key without its secret: that is shown once, when the key is made. */
export const keySchema = z.object({
  keyId: fields.id,
  prefix: z.string(),
  principalId: fields.id,
  scopes: z.array(permission).describe("permissions the key is narrowed to; empty = all of its principal's"),
  expiresAt: fields.time.nullable(),
  revokedAt: fields.time.nullable(),
  createdBy: fields.id,
  createdAt: fields.time,
});

const byTenant = z.object({ tenantId: fields.tenantId });
const byPrincipal = z.object({ principalId: fields.id });
const bindings = z.array(bindingSchema).max(64);
const displayName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}*$/u, 'must hold no control characters');

export const tenantRoutes = {
  createTenant: defineRoute({
    operationId: 'createTenant',
    method: 'POST',
    path: '/v1/tenants',
    summary: 'Make a tenant',
    permission: 'tenants:write',
    scope: 'platform',
    status: 201,
    body: z.strictObject({ tenantId: fields.tenantId, displayName, rateLimit: rateLimitSchema.optional() }),
    response: tenantSchema,
    problems: ['auth.tenant_exists'],
  }),
  listTenants: defineRoute({
    operationId: 'listTenants',
    method: 'GET',
    path: '/v1/tenants',
    summary: 'The acting tenant; the platform sees all',
    permission: 'tenants:read',
    query: pageQuery,
    response: pageOf(tenantSchema),
  }),
  getTenant: defineRoute({
    operationId: 'getTenant',
    method: 'GET',
    path: '/v1/tenants/:tenantId',
    summary: 'One tenant: the acting one, or any for the platform',
    permission: 'tenants:read',
    params: byTenant,
    response: tenantSchema,
    problems: ['auth.tenant_not_found'],
  }),
  updateTenant: defineRoute({
    operationId: 'updateTenant',
    method: 'PATCH',
    path: '/v1/tenants/:tenantId',
    summary: 'Rename, suspend, reactivate, or set the rate limit',
    permission: 'tenants:write',
    scope: 'platform',
    params: byTenant,
    body: z.strictObject({
      displayName: displayName.optional(),
      status: z.enum(['active', 'suspended']).optional(),
      rateLimit: rateLimitSchema.optional(),
    }),
    response: tenantSchema,
    problems: ['auth.tenant_not_found', 'auth.platform_is_permanent', 'auth.tenant_purged'],
  }),
} as const;

export const principalRoutes = {
  createPrincipal: defineRoute({
    operationId: 'createPrincipal',
    method: 'POST',
    path: '/v1/principals',
    summary: 'Make a user or service account whose home is the acting tenant',
    permission: 'principals:write',
    status: 201,
    body: z.strictObject({
      kind: z.enum(['user', 'service-account']),
      name: displayName,
      bindings: bindings.default([]),
    }),
    response: principalSchema,
    problems: ['auth.privilege_escalation', 'auth.tenant_not_found'],
  }),
  listPrincipals: defineRoute({
    operationId: 'listPrincipals',
    method: 'GET',
    path: '/v1/principals',
    summary: 'Principals whose home is the acting tenant',
    permission: 'principals:read',
    query: pageQuery.extend({ name: z.string().max(200).optional().describe('exact name') }),
    response: pageOf(principalSchema),
  }),
  getMe: defineRoute({
    operationId: 'getMe',
    method: 'GET',
    path: '/v1/principals/me',
    summary: 'Who the caller is and what it may do in the acting tenant and environment',
    permission: 'none',
    response: principalSchema.extend({ actingTenantId: fields.tenantId, permissions: z.array(z.string()) }),
  }),
  getPrincipal: defineRoute({
    operationId: 'getPrincipal',
    method: 'GET',
    path: '/v1/principals/:principalId',
    summary: 'One principal',
    permission: 'principals:read',
    params: byPrincipal,
    response: principalSchema,
    problems: ['auth.principal_not_found'],
  }),
  updatePrincipal: defineRoute({
    operationId: 'updatePrincipal',
    method: 'PATCH',
    path: '/v1/principals/:principalId',
    summary: 'Rename, disable or enable a principal; its keys and tokens follow',
    permission: 'principals:write',
    params: byPrincipal,
    body: z.strictObject({ name: displayName.optional(), status: z.enum(['active', 'disabled']).optional() }),
    response: principalSchema,
    problems: ['auth.principal_not_found', 'auth.privilege_escalation'],
  }),
  putBindings: defineRoute({
    operationId: 'putBindings',
    method: 'PUT',
    path: '/v1/principals/:principalId/bindings',
    summary: 'Replace the role bindings; nobody gives or takes what they do not hold',
    permission: 'roles:write',
    params: byPrincipal,
    body: z.strictObject({ bindings }),
    response: principalSchema,
    problems: ['auth.principal_not_found', 'auth.privilege_escalation', 'auth.tenant_not_found'],
  }),
  listRoles: defineRoute({
    operationId: 'listRoles',
    method: 'GET',
    path: '/v1/roles',
    summary: 'The built-in roles and their permissions',
    permission: 'roles:read',
    response: z.object({ items: z.array(z.object({ role: roleName, permissions: z.array(permission) })) }),
  }),
} as const;

export const credentialRoutes = {
  createKey: defineRoute({
    operationId: 'createKey',
    method: 'POST',
    path: '/v1/keys',
    summary: 'Issue an API key; the answer is the only time it is shown',
    secretResponse: true,
    permission: 'keys:write',
    status: 201,
    body: z.strictObject({
      principalId: fields.id,
      scopes: z.array(permission).max(PERMISSIONS.length).default([]),
      expiresAt: z.iso.datetime().optional().describe('default: never'),
    }),
    response: keySchema.extend({ key: z.string().describe('`myr_<prefix>_<secret>`; keep it, it is not stored') }),
    problems: ['auth.principal_not_found', 'auth.principal_disabled', 'auth.privilege_escalation', 'auth.expiry_past'],
  }),
  listKeys: defineRoute({
    operationId: 'listKeys',
    method: 'GET',
    path: '/v1/keys',
    summary: 'Keys of principals of the acting tenant, without their secrets',
    permission: 'keys:read',
    query: pageQuery.extend({
      prefix: z
        .string()
        .regex(/^[a-z2-7]{1,8}$/)
        .optional()
        .describe('how the prefix begins'),
      principalId: fields.id.optional(),
    }),
    response: pageOf(keySchema),
  }),
  revokeKey: defineRoute({
    operationId: 'revokeKey',
    method: 'DELETE',
    path: '/v1/keys/:keyId',
    summary: 'Revoke a key; it stops working everywhere within a second',
    permission: 'keys:write',
    params: z.object({ keyId: fields.id }),
    response: keySchema,
    problems: ['auth.key_not_found'],
  }),
  createToken: defineRoute({
    operationId: 'createToken',
    method: 'POST',
    path: '/v1/tokens',
    summary: 'A short-lived ES256 token for the caller, narrowed to what it may do now',
    secretResponse: true,
    permission: 'none',
    status: 201,
    body: z.strictObject({}),
    response: z.object({ accessToken: z.string(), expiresAt: fields.time }),
  }),
  getJwks: defineRoute({
    operationId: 'getJwks',
    method: 'GET',
    path: '/.well-known/jwks.json',
    summary: 'The public keys of user tokens',
    permission: 'public',
    response: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
  }),
  rotateSigningKey: defineRoute({
    operationId: 'rotateSigningKey',
    method: 'POST',
    path: '/v1/signing-keys/rotate',
    summary: 'Sign with a new key; the old one verifies until its last token has expired',
    permission: 'keys:write',
    scope: 'platform',
    status: 201,
    response: z.object({ kid: z.string(), activeFrom: fields.time }),
  }),
} as const;
