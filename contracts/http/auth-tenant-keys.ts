import { z } from 'zod';
import { fields } from '../define-event.js';
import { defineRoute } from '../define-route.js';

const byTenant = z.object({ tenantId: fields.tenantId });

/** A purge: asked for by one person, carried out by a second, and what it destroyed. */
export const tenantPurgeSchema = z.object({
  tenantId: fields.tenantId,
  status: z
    .enum(['requested', 'purging', 'purged'])
    .describe('requested: a second person has to confirm; purging: confirmed, no receipt yet'),
  requestedBy: fields.id,
  requestedAt: fields.time,
  confirmedBy: fields.id.nullable(),
  confirmedAt: fields.time.nullable(),
  receipt: z
    .object({
      keys: z
        .object({ versions: fields.count, destroyedAt: fields.time, finalAt: fields.time })
        .nullable()
        .describe('null: the bytes were not encrypted, and only deleted'),
      objects: fields.count,
      sizeBytes: fields.sizeBytes,
      completedAt: fields.time,
    })
    .nullable(),
});

export const tenantKeyRoutes = {
  rotateTenantKey: defineRoute({
    operationId: 'rotateTenantKey',
    method: 'POST',
    path: '/v1/tenants/:tenantId/keys/rotate',
    summary: "Ask for a new version of the key that encrypts the tenant's bytes; what is there stays readable",
    permission: 'tenants:write',
    scope: 'platform',
    status: 202,
    params: byTenant,
    response: z.object({ tenantId: fields.tenantId, requestedAt: fields.time }),
    problems: ['auth.tenant_not_found', 'auth.tenant_purged'],
  }),
  purgeTenant: defineRoute({
    operationId: 'purgeTenant',
    method: 'POST',
    path: '/v1/tenants/:tenantId/purge',
    summary:
      "Destroy a suspended tenant's keys and delete its bytes, for ever; one person asks, another confirms with the same call within 24 hours",
    permission: 'tenants:write',
    scope: 'platform',
    params: byTenant,
    body: z.strictObject({ confirm: z.string().max(63).describe("the tenant's id, typed once more") }),
    response: tenantPurgeSchema,
    problems: [
      'auth.tenant_not_found',
      'auth.tenant_not_suspended',
      'auth.confirmation_mismatch',
      'auth.platform_is_permanent',
    ],
  }),
  getTenantPurge: defineRoute({
    operationId: 'getTenantPurge',
    method: 'GET',
    path: '/v1/tenants/:tenantId/purge',
    summary: 'How the purge of a tenant stands, with its receipt',
    permission: 'tenants:read',
    scope: 'platform',
    params: byTenant,
    response: tenantPurgeSchema,
    problems: ['auth.purge_not_found'],
  }),
} as const;
