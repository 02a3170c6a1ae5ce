import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { familySchema } from '../../model-class.js';
import { servingSchema } from '../../serving.js';
import { signatureSchema } from '../../signature.js';
import { trialSchema } from '../../trial.js';
import { evaluatorTopics } from './topics.js';

export const promotionApprovedV1 = defineEvent({
  type: 'evaluator.promotion-approved.v1',
  topic: evaluatorTopics.promotion,
  summary: 'One version may now be placed in one environment.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    promotionId: fields.id,
    campaignId: fields.id.nullable(),
    environment: fields.environment,
    artifactDigest: fields.digest,
    sizeBytes: fields.sizeBytes,
    parityDigest: fields.digest.nullable(),
    signature: signatureSchema,
    family: familySchema,
    sizeClass: z.enum(['small', 'medium', 'large']),
    batchInvariant: z.boolean(),
    /** Not there for a version that was admitted before ways to serve were tried: it is served whole. */
    serving: servingSchema.nullish(),
    /** How it is tried beside the version that answers; not there: it takes over as soon as it is loaded. */
    trial: trialSchema.nullish(),
    evidenceDigest: fields.digest,
    approvalId: fields.id,
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
    artifactDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    sizeBytes: 643,
    parityDigest: null,
    signature: {
      inputs: [{ name: 'month', datatype: 'FP32', shape: [-1, 1] }],
      outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1] }],
    },
    family: 'tabular',
    sizeClass: 'small',
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
    evidenceDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    approvalId: 'apr_1',
  },
});
