import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const versionRegisteredV1 = defineEvent({
  type: 'registry.version-registered.v1',
  topic: registryTopics.version,
  summary: 'A version exists; it is not admitted yet.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    artifactDigest: fields.digest,
    sizeBytes: fields.sizeBytes,
    lineage: z.object({
      runId: fields.id.nullable(),
      fleetRunId: fields.id.nullable(),
      datasetDigests: z.array(fields.digest),
      recipeDigest: fields.digest.nullable(),
    }),
  }),
  key: (data) => `${data.tenantId}/${data.modelName}`,
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: 'ver_1',
    application: 'flight-delay',
    artifactDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    sizeBytes: 643,
    lineage: {
      runId: 'run_1',
      fleetRunId: null,
      datasetDigests: ['sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
      recipeDigest: null,
    },
  },
});
