import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { realtimeTopics } from './topics.js';

export const predictionSampledV1 = defineEvent({
  type: 'realtime.prediction-sampled.v1',
  topic: realtimeTopics.prediction,
  summary: 'One in many predictions, for drift.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    environment: fields.environment,
    requestId: z.string(),
    inputs: z.record(z.string(), z.array(z.union([z.number(), z.string(), z.boolean(), z.null()]))),
    outputs: z.record(z.string(), z.array(z.union([z.number(), z.string(), z.boolean(), z.null()]))),
    at: fields.time,
  }),
  key: (data) => `${data.tenantId}/${data.modelName}`,
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: 'ver_1',
    application: 'flight-delay',
    environment: 'production',
    requestId: 'r1',
    inputs: { month: [1] },
    outputs: { probability: [0.2] },
    at: '2026-01-31T12:00:00.000Z',
  },
});
