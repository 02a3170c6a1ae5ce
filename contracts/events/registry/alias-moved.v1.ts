import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const aliasMovedV1 = defineEvent({
  type: 'registry.alias-moved.v1',
  topic: registryTopics.alias,
  summary: 'An alias points to another version.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    alias: fields.name,
    /** null when the alias was removed. */
    version: z.int().positive().nullable(),
    versionId: fields.id.nullable(),
    previousVersion: z.int().positive().nullable(),
    movedBy: fields.id,
    reason: z.string(),
  }),
  key: (data) => `${data.tenantId}/${data.modelName}/${data.alias}`,
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    alias: 'champion',
    version: 2,
    versionId: 'ver_2',
    previousVersion: 1,
    movedBy: 'usr_2',
    reason: 'campaign cmp_1',
  },
});
