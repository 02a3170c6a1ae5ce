import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { realtimeTopics } from './topics.js';

export const usageMeteredV1 = defineEvent({
  type: 'realtime.usage-metered.v1',
  topic: realtimeTopics.usage,
  summary: "How much a tenant's model was used in a window; a window is sent once.",
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    environment: fields.environment,
    replicaId: fields.id,
    windowStart: fields.time,
    windowEnd: fields.time,
    requests: fields.count,
    rows: fields.count,
    errors: fields.count,
    /** Time spent running the model, microseconds. */
    computeMicros: fields.count,
    /** Set for what a version cost that was only compared: it answered nobody. */
    isShadow: z.boolean().optional(),
  }),
  key: (data) => data.tenantId,
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: 'ver_1',
    application: 'flight-delay',
    environment: 'production',
    replicaId: 'r0',
    windowStart: '2026-01-31T12:00:00.000Z',
    windowEnd: '2026-01-31T12:00:00.000Z',
    requests: 10,
    rows: 10,
    errors: 0,
    computeMicros: 120,
  },
});
