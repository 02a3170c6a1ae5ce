import type { approvalSchema, auditRecordSchema, keySchema, principalSchema, tenantSchema } from '@myriad/contracts';
import type { z } from 'zod';
import type { Approval } from '../domain/approval.js';
import type { AuditRecord } from '../domain/audit-record.js';
import type { Key } from '../domain/key.js';
import type { Principal } from '../domain/principal.js';
import type { Tenant } from '../domain/tenant.js';

type TenantView = z.infer<typeof tenantSchema>;
type PrincipalView = z.infer<typeof principalSchema>;
type KeyView = z.infer<typeof keySchema>;
type ApprovalView = z.infer<typeof approvalSchema>;
type AuditView = z.infer<typeof auditRecordSchema>;

export function tenantView({ tenantId, displayName, status, rateLimit, createdAt }: Tenant): TenantView {
  return { tenantId, displayName, status, rateLimit: { ...rateLimit }, createdAt: createdAt.toISOString() };
}

export function principalView(principal: Principal): PrincipalView {
  const { principalId, kind, name, homeTenantId, status, bindings, groupBindings, createdAt } = principal;
  return {
    principalId,
    kind,
    name,
    homeTenantId,
    status,
    bindings: bindings as PrincipalView['bindings'],
    groupBindings: groupBindings as PrincipalView['bindings'],
    createdAt: createdAt.toISOString(),
  };
}

/** Without the hash: who may list keys need not hold what a guess could be checked against. */
export function keyView({
  keyId,
  prefix,
  principalId,
  scopes,
  expiresAt,
  revokedAt,
  createdBy,
  createdAt,
}: Key): KeyView {
  return {
    keyId,
    prefix,
    principalId,
    scopes: scopes as KeyView['scopes'],
    expiresAt: expiresAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
    createdBy,
    createdAt: createdAt.toISOString(),
  };
}

export function approvalView(approval: Approval): ApprovalView {
  const { approvalId, kind, subjectId, status, summary, evidenceDigest, requestedBy, decidedBy, comment } = approval;
  return {
    approvalId,
    kind,
    subjectId,
    status,
    summary,
    evidenceDigest,
    requestedBy,
    createdAt: approval.createdAt.toISOString(),
    expiresAt: approval.expiresAt.toISOString(),
    decidedBy,
    decidedAt: approval.decidedAt?.toISOString() ?? null,
    comment,
  };
}

export function auditView(record: AuditRecord): AuditView {
  return { ...record, details: { ...record.details } };
}
