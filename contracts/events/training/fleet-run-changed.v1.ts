import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { trainingTopics } from './topics.js';

export const fleetRunChangedV1 = defineEvent({
  type: 'training.fleet-run-changed.v1',
  topic: trainingTopics.fleetRun,
  summary: 'A fleet run moved on.',
  data: z.object({
    fleetRunId: fields.id,
    application: fields.name,
    status: z.enum(['queued', 'running', 'completed', 'failed', 'cancelled']),
    counts: z.object({
      total: fields.count,
      succeeded: fields.count,
      inconclusive: fields.count,
      failed: fields.count,
    }),
  }),
  key: (data, tenantId) => `${tenantId}/${data.fleetRunId}`,
  example: {
    fleetRunId: 'flt_1',
    application: 'flight-delay',
    status: 'completed',
    counts: { total: 16, succeeded: 13, inconclusive: 3, failed: 0 },
  },
});
