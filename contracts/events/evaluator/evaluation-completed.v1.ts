import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { evaluatorTopics } from './topics.js';

export const evaluationCompletedV1 = defineEvent({
  type: 'evaluator.evaluation-completed.v1',
  topic: evaluatorTopics.evaluation,
  summary: 'A suite ran on a version.',
  data: z.object({
    tenantId: fields.tenantId,
    modelName: fields.name,
    version: z.int().positive(),
    versionId: fields.id,
    application: fields.name.nullable(),
    evaluationId: fields.id,
    suite: fields.name,
    verdict: z.enum(['pass', 'fail', 'inconclusive']),
    reason: z.string(),
    evidenceDigest: fields.digest,
    /** The golden set's main metric with its interval. */
    metric: z
      .object({ name: z.string(), value: z.number(), low: z.number(), high: z.number(), rows: fields.count })
      .nullable(),
  }),
  key: (data) => `${data.tenantId}/${data.modelName}`,
  example: {
    tenantId: 'aa',
    modelName: 'flight-delay',
    version: 1,
    versionId: 'ver_1',
    application: 'flight-delay',
    evaluationId: 'evl_1',
    suite: 'flight-delay',
    verdict: 'pass',
    reason: 'all 5 checks passed',
    evidenceDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    metric: { name: 'auc', value: 0.7, low: 0.68, high: 0.72, rows: 2500 },
  },
});
