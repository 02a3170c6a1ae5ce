import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { evaluatorTopics } from './topics.js';

export const promotionSupersededV1 = defineEvent({
  type: 'evaluator.promotion-superseded.v1',
  topic: evaluatorTopics.promotion,
  summary: 'What was to be approved changed or was withdrawn: an open or given approval is void.',
  data: z.object({
    tenantId: fields.tenantId,
    promotionId: fields.id,
    kind: z.enum(['promotion', 'campaign']),
    evidenceDigest: fields.digest,
    reason: z.enum(['evidence-changed', 'withdrawn']),
  }),
  key: (data) => `${data.tenantId}/${data.promotionId}`,
  example: {
    tenantId: 'platform',
    promotionId: 'cmp_1',
    kind: 'campaign',
    evidenceDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    reason: 'evidence-changed',
  },
});
