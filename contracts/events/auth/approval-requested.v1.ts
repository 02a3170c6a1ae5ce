import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { authTopics } from './topics.js';

export const approvalRequestedV1 = defineEvent({
  type: 'auth.approval-requested.v1',
  topic: authTopics.approval,
  summary: 'An approval is open for a second person to decide.',
  data: z.object({
    approvalId: fields.id,
    tenantId: fields.tenantId,
    /** What is decided: `grant`, `version-review`, `promotion`, `campaign`. */
    kind: z.enum(['grant', 'version-review', 'promotion', 'campaign']),
    /** The id of the object in the asking service. */
    subjectId: fields.id,
    evidenceDigest: fields.digest,
    requestedBy: fields.id,
    summary: z.string(),
    expiresAt: fields.time,
  }),
  key: (data) => `${data.tenantId}/${data.approvalId}`,
  example: {
    approvalId: 'apr_1',
    tenantId: 'aa',
    kind: 'grant',
    subjectId: 'grt_1',
    evidenceDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    requestedBy: 'usr_1',
    summary: 'use flights for training',
    expiresAt: '2026-01-31T12:00:00.000Z',
  },
});
