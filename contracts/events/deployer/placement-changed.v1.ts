import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { servingSchema } from '../../serving.js';
import { signatureSchema } from '../../signature.js';
import { trialSchema } from '../../trial.js';
import { deployerTopics } from './topics.js';

const candidateSchema = trialSchema.extend({
  version: z.int().positive(),
  versionId: fields.id,
  artifactDigest: fields.digest,
  sizeBytes: fields.sizeBytes,
  parityDigest: fields.digest.nullable(),
  signature: signatureSchema,
  batchInvariant: z.boolean(),
  serving: servingSchema.nullish(),
  rolloutId: fields.id,
});

export const placementChangedV1 = defineEvent({
  type: 'deployer.placement-changed.v1',
  topic: deployerTopics.placement,
  summary: 'Which version of a model an environment serves, and in which pool.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    environment: fields.environment,
    pool: fields.name,
    /** Grows by one with every change of this placement. */
    generation: z.int().positive(),
    /** `removed`: the model is no longer served here. */
    status: z.enum(['active', 'removed']),
    artifactDigest: fields.digest,
    sizeBytes: fields.sizeBytes,
    parityDigest: fields.digest.nullable(),
    signature: signatureSchema,
    batchInvariant: z.boolean(),
    /** Not there for a version that was admitted before ways to serve were tried: it is served whole. */
    serving: servingSchema.nullish(),
    rolloutId: fields.id,
    /** A version that is tried beside this one, in the same pool. */
    candidate: candidateSchema.nullish(),
  }),
  key: (data) => `${data.tenantId}/${data.environment}/${data.modelName}`,
  columns: [
    'tenantId',
    'modelName',
    'version',
    'versionId',
    'generation',
    'artifactDigest',
    'sizeBytes',
    'parityDigest',
    'rolloutId',
    'serving.micros',
    'serving.memoryBytes',
    'serving.split.weightsDigest',
    'serving.split.weightsBytes',
  ],
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: 'ver_1',
    application: 'flight-delay',
    environment: 'production',
    pool: 'tabular-small',
    generation: 1,
    status: 'active',
    artifactDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    sizeBytes: 643,
    parityDigest: null,
    signature: {
      inputs: [{ name: 'month', datatype: 'FP32', shape: [-1, 1] }],
      outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1] }],
    },
    batchInvariant: true,
    serving: {
      way: 'kernel',
      micros: 0.6,
      memoryBytes: 128,
      split: {
        skeletonDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        skeletonBytes: 420,
        weightsDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        weightsBytes: 312,
      },
    },
    rolloutId: 'rol_1',
  },
});
