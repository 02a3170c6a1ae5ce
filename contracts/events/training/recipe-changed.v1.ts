import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { trainingTopics } from './topics.js';

export const recipeChangedV1 = defineEvent({
  type: 'training.recipe-changed.v1',
  topic: trainingTopics.recipe,
  summary: 'A recipe has a new version.',
  data: z.object({
    recipeId: fields.id,
    name: fields.name,
    version: z.int().positive(),
    /** The source, one Python file, in the platform's store. */
    sourceDigest: fields.digest,
    entryPoint: z.string(),
    /** JSON Schema of the parameters. */
    parameterSchema: z.record(z.string(), z.unknown()),
  }),
  key: (data, tenantId) => `${tenantId}/${data.name}`,
  example: {
    recipeId: 'rcp_1',
    name: 'flight-delay',
    version: 1,
    sourceDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    entryPoint: 'train',
    parameterSchema: { type: 'object' },
  },
});
