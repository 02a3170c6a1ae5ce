import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { realtimeTopics } from './topics.js';

export const modelStateChangedV1 = defineEvent({
  type: 'realtime.model-state-changed.v1',
  topic: realtimeTopics.modelState,
  summary: 'A replica loaded a placed version, or failed to.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    environment: fields.environment,
    pool: fields.name,
    replicaId: fields.id,
    generation: z.int().positive(),
    state: z.enum(['ready', 'failed', 'unloaded']),
    reason: z.string(),
    loadMs: z.number().nonnegative(),
  }),
  key: (data) => `${data.tenantId}/${data.environment}/${data.modelName}`,
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: 'ver_1',
    application: 'flight-delay',
    environment: 'production',
    pool: 'tabular-small',
    replicaId: 'r0',
    generation: 1,
    state: 'ready',
    reason: '',
    loadMs: 3.2,
  },
});
