import { z } from 'zod';
import { fields } from '../define-event.js';
import { defineRoute, pageOf, pageQuery } from '../define-route.js';

const approvalStatus = z.enum(['pending', 'approved', 'rejected', 'void', 'expired']);

export const approvalSchema = z.object({
  approvalId: fields.id,
  kind: z.enum(['grant', 'version-review', 'promotion', 'campaign']),
  subjectId: fields.id.describe('the id of the object in the asking service'),
  status: approvalStatus,
  summary: z.string(),
  evidenceDigest: fields.digest,
  requestedBy: fields.id,
  createdAt: fields.time,
  expiresAt: fields.time,
  decidedBy: fields.id.nullable(),
  decidedAt: fields.time.nullable(),
  comment: z.string().nullable(),
});

/** `hash` is the SHA-256 of the canonical JSON of all other members, `previousHash` the hash of the record before. */
export const auditRecordSchema = z.object({
  seq: z.int().positive(),
  tenantId: fields.tenantId,
  actor: z.string(),
  action: z.string(),
  object: z.string(),
  at: fields.time,
  details: z.record(z.string(), z.unknown()),
  previousHash: fields.digest,
  hash: fields.digest,
});

const byApproval = z.object({ approvalId: fields.id });

export const approvalRoutes = {
  listApprovals: defineRoute({
    operationId: 'listApprovals',
    method: 'GET',
    path: '/v1/approvals',
    summary: 'Approvals of the acting tenant, newest first',
    permission: 'approvals:read',
    query: pageQuery.extend({ status: approvalStatus.optional(), subjectId: fields.id.optional() }),
    response: pageOf(approvalSchema),
  }),
  getApproval: defineRoute({
    operationId: 'getApproval',
    method: 'GET',
    path: '/v1/approvals/:approvalId',
    summary: 'One approval',
    permission: 'approvals:read',
    params: byApproval,
    response: approvalSchema,
    problems: ['auth.approval_not_found'],
  }),
  decideApproval: defineRoute({
    operationId: 'decideApproval',
    method: 'POST',
    path: '/v1/approvals/:approvalId/decision',
    summary: 'Approve or reject what the evidence shows; never by who asked for it',
    permission: 'approvals:decide',
    params: byApproval,
    body: z.strictObject({
      decision: z.enum(['approved', 'rejected']),
      evidenceDigest: fields.digest.describe('the digest that was shown to the decider'),
      comment: z
        .string()
        .max(2000)
        .regex(/^[^\0]*$/, 'must hold no NUL')
        .default(''),
    }),
    response: approvalSchema,
    problems: [
      'auth.approval_not_found',
      'auth.own_request',
      'auth.evidence_changed',
      'auth.approval_expired',
      'auth.approval.invalid_transition',
    ],
  }),
} as const;

export const auditRoutes = {
  listAudit: defineRoute({
    operationId: 'listAudit',
    method: 'GET',
    path: '/v1/audit',
    summary: "The acting tenant's audit chain, newest first",
    permission: 'audit:read',
    query: pageQuery.extend({
      actor: z.string().max(128).optional(),
      action: z.string().max(128).optional(),
      object: z.string().max(512).optional(),
    }),
    response: pageOf(auditRecordSchema),
  }),
  verifyAudit: defineRoute({
    operationId: 'verifyAudit',
    method: 'GET',
    path: '/v1/audit/verify',
    summary: 'Recompute the chain from its first record and name the first that is broken',
    permission: 'audit:read',
    response: z.object({
      valid: z.boolean(),
      records: fields.count.describe('records found intact'),
      headHash: fields.digest.describe('keep it elsewhere: it pins all that came before'),
      broken: z.object({ seq: z.int().positive(), reason: z.string() }).nullable(),
    }),
  }),
} as const;
