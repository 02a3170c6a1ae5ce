import {
  permissionsOf as permissionsOfRole,
  type EventData,
  type Role,
  type approvalRequestedV1,
  type approvalVoidedV1,
  type keyChangedV1,
  type principalChangedV1,
  type tenantChangedV1,
} from '@myriad/contracts';
import type { TenantId } from '@myriad/kernel';
import type { Approval, VoidReason } from '../domain/approval.js';
import type { PermissionsOf } from '../domain/binding.js';
import type { Key } from '../domain/key.js';
import { heldBindings, type Principal } from '../domain/principal.js';
import type { Tenant } from '../domain/tenant.js';

type PrincipalChanged = EventData<typeof principalChangedV1>;

/** What a role allows; roles were checked at the edge. */
export const permissionsOf: PermissionsOf = (role) => permissionsOfRole(role as Role);

export function tenantChanged(tenant: Tenant): EventData<typeof tenantChangedV1> {
  const { tenantId, displayName, status, rateLimit, generation } = tenant;
  return { tenantId, displayName, status, rateLimit: { ...rateLimit }, generation };
}

/** With the permissions of each role written out, so that readers need no catalogue of roles. */
export function principalChanged(principal: Principal): PrincipalChanged {
  const { principalId, kind, name, homeTenantId, status, generation } = principal;
  const bindings = heldBindings(principal).map((binding) => ({
    ...binding,
    environment: binding.environment as PrincipalChanged['bindings'][number]['environment'],
    permissions: [...permissionsOf(binding.role)],
  }));
  return { principalId, kind, name, homeTenantId, status, bindings, generation };
}

export function keyChanged(key: Key, tenantId: TenantId): EventData<typeof keyChangedV1> {
  const { keyId, prefix, hash, principalId, scopes, expiresAt, revokedAt } = key;
  return {
    keyId,
    prefix,
    hash,
    principalId,
    tenantId,
    scopes: [...scopes],
    expiresAt: expiresAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}

export function approvalRequested(approval: Approval, tenantId: TenantId): EventData<typeof approvalRequestedV1> {
  const { approvalId, kind, subjectId, evidenceDigest, requestedBy, summary, expiresAt } = approval;
  return {
    approvalId,
    tenantId,
    kind,
    subjectId,
    evidenceDigest,
    requestedBy,
    summary,
    expiresAt: expiresAt.toISOString(),
  };
}

export function approvalVoided(
  approval: Approval,
  tenantId: TenantId,
  reason: VoidReason,
): EventData<typeof approvalVoidedV1> {
  const { approvalId, kind, subjectId, evidenceDigest } = approval;
  return { approvalId, tenantId, kind, subjectId, evidenceDigest, reason };
}
