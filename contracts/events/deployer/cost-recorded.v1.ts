import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { deployerTopics } from './topics.js';

export const costRecordedV1 = defineEvent({
  type: 'deployer.cost-recorded.v1',
  topic: deployerTopics.cost,
  summary: 'What a tenant used in one period.',
  data: z.object({
    tenantId: fields.tenantId,
    periodStart: fields.time,
    kind: z.enum(['predictions', 'batch-rows', 'training-cpu', 'model-hours']),
    quantity: z.number().nonnegative(),
    costMicros: z.number().nonnegative(),
  }),
  key: (data) => data.tenantId,
  example: {
    tenantId: 'aa',
    periodStart: '2026-01-31T12:00:00.000Z',
    kind: 'predictions',
    quantity: 100,
    costMicros: 20,
  },
});
