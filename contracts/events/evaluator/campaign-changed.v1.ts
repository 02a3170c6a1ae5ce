import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { evaluatorTopics } from './topics.js';

export const campaignChangedV1 = defineEvent({
  type: 'evaluator.campaign-changed.v1',
  topic: evaluatorTopics.campaign,
  summary: 'A campaign moved on.',
  data: z.object({
    campaignId: fields.id,
    application: fields.name,
    status: z.enum([
      'collecting',
      'awaiting-approval',
      'approved',
      'rolling-out',
      'completed',
      'halted',
      'rejected',
      'cancelled',
    ]),
    environment: fields.environment.nullable(),
    counts: z.object({ included: fields.count, heldBack: fields.count, live: fields.count, failed: fields.count }),
  }),
  key: (data, tenantId) => `${tenantId}/${data.campaignId}`,
  example: {
    campaignId: 'cmp_1',
    application: 'flight-delay',
    status: 'completed',
    environment: 'production',
    counts: { included: 13, heldBack: 3, live: 13, failed: 0 },
  },
});
