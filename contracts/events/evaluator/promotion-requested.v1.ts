import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { evaluatorTopics } from './topics.js';

export const promotionRequestedV1 = defineEvent({
  type: 'evaluator.promotion-requested.v1',
  topic: evaluatorTopics.promotion,
  summary: 'Someone asks to promote what the evidence shows; auth opens an approval.',
  data: z.object({
    tenantId: fields.tenantId,
    /** A promotion's id, or the campaign's when `kind` is `campaign`. */
    promotionId: fields.id,
    kind: z.enum(['promotion', 'campaign']),
    evidenceDigest: fields.digest,
    summary: z.string(),
    requestedBy: fields.id,
    expiresAt: fields.time,
  }),
  key: (data) => `${data.tenantId}/${data.promotionId}`,
  example: {
    tenantId: 'platform',
    promotionId: 'cmp_1',
    kind: 'campaign',
    evidenceDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    summary: '13 models to production',
    requestedBy: 'usr_1',
    expiresAt: '2026-01-31T12:00:00.000Z',
  },
});
