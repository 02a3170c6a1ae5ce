import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { batchTopics } from './topics.js';

export const batchJobChangedV1 = defineEvent({
  type: 'batch.batch-job-changed.v1',
  topic: batchTopics.batchJob,
  summary: 'A batch job moved on.',
  data: z.object({
    tenantId: fields.tenantId,
    batchJobId: fields.id,
    modelName: fields.name,
    status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
    reason: z.string(),
    rows: fields.count,
    rowErrors: fields.count,
    outputDigest: fields.digest.nullable(),
  }),
  key: (data) => `${data.tenantId}/${data.batchJobId}`,
  example: {
    tenantId: 'aa',
    batchJobId: 'bat_1',
    modelName: 'flight-delay',
    status: 'succeeded',
    reason: '',
    rows: 2500,
    rowErrors: 0,
    outputDigest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  },
});
