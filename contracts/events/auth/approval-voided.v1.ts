import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { authTopics } from './topics.js';

export const approvalVoidedV1 = defineEvent({
  type: 'auth.approval-voided.v1',
  topic: authTopics.approval,
  summary: 'An approval no longer counts.',
  data: z.object({
    approvalId: fields.id,
    tenantId: fields.tenantId,
    /** What is decided: `grant`, `version-review`, `promotion`, `campaign`. */
    kind: z.enum(['grant', 'version-review', 'promotion', 'campaign']),
    /** The id of the object in the asking service. */
    subjectId: fields.id,
    evidenceDigest: fields.digest,
    reason: z.enum(['expired', 'evidence-changed', 'withdrawn']),
  }),
  key: (data) => `${data.tenantId}/${data.approvalId}`,
  example: {
    approvalId: 'apr_1',
    tenantId: 'aa',
    kind: 'grant',
    subjectId: 'grt_1',
    evidenceDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    reason: 'evidence-changed',
  },
});
