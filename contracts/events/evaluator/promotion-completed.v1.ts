import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { evaluatorTopics } from './topics.js';

export const promotionCompletedV1 = defineEvent({
  type: 'evaluator.promotion-completed.v1',
  topic: evaluatorTopics.promotion,
  summary: 'The version answers in its environment; the registry moves the alias.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    promotionId: fields.id,
    campaignId: fields.id.nullable(),
    environment: fields.environment,
    alias: fields.name,
    approvedBy: fields.id,
  }),
  key: (data) => `${data.tenantId}/${data.modelName}`,
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: 'ver_1',
    application: 'flight-delay',
    promotionId: 'prm_1',
    campaignId: 'cmp_1',
    environment: 'production',
    alias: 'champion',
    approvedBy: 'usr_2',
  },
});
