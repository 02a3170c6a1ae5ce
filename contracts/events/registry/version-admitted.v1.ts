import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { familySchema } from '../../model-class.js';
import { servingReportSchema } from '../../serving.js';
import { signatureSchema } from '../../signature.js';
import { registryTopics } from './topics.js';

export const versionAdmittedV1 = defineEvent({
  type: 'registry.version-admitted.v1',
  topic: registryTopics.version,
  summary: 'The version passed admission: it may be evaluated and placed.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    artifactDigest: fields.digest,
    sizeBytes: fields.sizeBytes,
    /** Recorded inputs and outputs of the trainer, an object in the tenant's store; null when none were given. */
    parityDigest: fields.digest.nullable(),
    signature: signatureSchema,
    family: familySchema,
    sizeClass: z.enum(['small', 'medium', 'large']),
    profile: z.object({
      parameterCount: fields.count,
      operators: z.array(z.string()),
      /** One row, measured at admission. */
      latencyMicrosP50: z.number().nonnegative(),
      /** Whether a batch gives bit for bit what its rows give one by one. */
      batchInvariant: z.boolean(),
    }),
    /** Not there for a version that was admitted before ways to serve were tried: it is served whole. */
    serving: servingReportSchema.nullish(),
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
    parityDigest: null,
    signature: {
      inputs: [{ name: 'month', datatype: 'FP32', shape: [-1, 1] }],
      outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1] }],
    },
    family: 'tabular',
    sizeClass: 'small',
    profile: { parameterCount: 20, operators: ['Gemm'], latencyMicrosP50: 12, batchInvariant: true },
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
      verdicts: [
        { way: 'whole', micros: 9.3, reason: null },
        { way: 'kernel', micros: 0.6, reason: null },
        { way: 'inputs', micros: null, reason: 'TreeEnsembleRegressor takes its weights as attributes only' },
      ],
    },
    lineage: {
      runId: 'run_1',
      fleetRunId: null,
      datasetDigests: ['sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
      recipeDigest: null,
    },
  },
});
