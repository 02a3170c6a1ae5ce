import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { authTopics } from './topics.js';

export const approvalDecidedV1 = defineEvent({
  type: 'auth.approval-decided.v1',
  topic: authTopics.approval,
  summary: 'A second person approved or rejected, bound to the evidence by its digest.',
  data: z.object({
    approvalId: fields.id,
    tenantId: fields.tenantId,
    /** What is decided: `grant`, `version-review`, `promotion`, `campaign`. */
    kind: z.enum(['grant', 'version-review', 'promotion', 'campaign']),
    /** The id of the object in the asking service. */
    subjectId: fields.id,
    evidenceDigest: fields.digest,
    decision: z.enum(['approved', 'rejected']),
    requestedBy: fields.id,
    decidedBy: fields.id,
    decidedAt: fields.time,
    comment: z.string(),
  }),
  key: (data) => `${data.tenantId}/${data.approvalId}`,
  example: {
    approvalId: 'apr_1',
    tenantId: 'aa',
    kind: 'grant',
    subjectId: 'grt_1',
    evidenceDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    decision: 'approved',
    requestedBy: 'usr_1',
    decidedBy: 'usr_2',
    decidedAt: '2026-01-31T12:00:00.000Z',
    comment: 'ok',
  },
});
