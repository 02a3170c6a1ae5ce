import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { trainingTopics } from './topics.js';

export const jobChangedV1 = defineEvent({
  type: 'training.job-changed.v1',
  topic: trainingTopics.job,
  summary: 'A job moved on.',
  data: z.object({
    tenantId: fields.tenantId,
    jobId: fields.id,
    fleetRunId: fields.id.nullable(),
    status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
    attempt: fields.count,
    reason: z.string(),
    /** Processor time of the job's process, for the ledger; set when it ended. */
    cpuMillis: fields.count.nullable(),
  }),
  key: (data) => `${data.tenantId}/${data.jobId}`,
  example: {
    tenantId: 'platform',
    jobId: 'job_1',
    fleetRunId: 'flt_1',
    status: 'running',
    attempt: 1,
    reason: '',
    cpuMillis: null,
  },
});
