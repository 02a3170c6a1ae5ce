import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { batchTopics } from './topics.js';

export const batchUsageMeteredV1 = defineEvent({
  type: 'batch.usage-metered.v1',
  topic: batchTopics.usage,
  summary: 'How much a batch job used.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    environment: fields.environment,
    batchJobId: fields.id,
    windowStart: fields.time,
    windowEnd: fields.time,
    requests: fields.count,
    rows: fields.count,
    errors: fields.count,
    /** Time spent running the model, microseconds. */
    computeMicros: fields.count,
  }),
  key: (data) => data.tenantId,
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: 'ver_1',
    application: 'flight-delay',
    environment: 'production',
    batchJobId: 'bat_1',
    windowStart: '2026-01-31T12:00:00.000Z',
    windowEnd: '2026-01-31T12:00:00.000Z',
    requests: 10,
    rows: 10,
    errors: 0,
    computeMicros: 120,
  },
});
