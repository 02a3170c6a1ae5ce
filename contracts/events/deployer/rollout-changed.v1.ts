import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { trialSchema } from '../../trial.js';
import { deployerTopics } from './topics.js';

export const rolloutChangedV1 = defineEvent({
  type: 'deployer.rollout-changed.v1',
  topic: deployerTopics.rollout,
  summary: 'The change of a placement moved on.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    rolloutId: fields.id,
    environment: fields.environment,
    promotionId: fields.id.nullable(),
    status: z.enum(['progressing', 'completed', 'failed', 'rolled-back']),
    reason: z.string(),
    previousVersion: z.int().positive().nullable(),
    /** While the version is tried beside the one that answers. */
    trial: trialSchema.nullish(),
  }),
  key: (data) => `${data.tenantId}/${data.modelName}`,
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: 'ver_1',
    application: 'flight-delay',
    rolloutId: 'rol_1',
    environment: 'production',
    promotionId: 'prm_1',
    status: 'completed',
    reason: '',
    previousVersion: null,
  },
});
