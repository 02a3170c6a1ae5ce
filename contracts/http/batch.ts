import { z } from 'zod';
import { fields } from '../define-event.js';
import { type HttpContract, defineRoute, pageOf, pageQuery } from '../define-route.js';
import { operationsRoutes } from './operations.js';

export const batchJobSchema = z.object({
  batchJobId: fields.id,
  modelName: fields.name,
  version: z.int().positive().describe('pinned when the job was made'),
  environment: fields.environment,
  dataset: z.object({ name: fields.name, version: z.int().positive(), digest: fields.digest }),
  outputFormat: z.enum(['csv', 'parquet']),
  status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  reason: z.string(),
  progress: z.object({ shards: fields.count, shardsDone: fields.count, rows: fields.count, rowErrors: fields.count }),
  output: z
    .object({ digest: fields.digest, sizeBytes: fields.sizeBytes, url: z.string().describe('presigned') })
    .nullable()
    .describe("columns `row` (0-based input row) and the model's outputs, in input order"),
  errors: z
    .object({ digest: fields.digest, sizeBytes: fields.sizeBytes, url: z.string().describe('presigned') })
    .nullable()
    .describe('CSV: row, column, value, error'),
  createdBy: fields.id,
  createdAt: fields.time,
  endedAt: fields.time.nullable(),
});

const byJob = z.object({ batchJobId: fields.id });

export const batchRoutes = {
  createBatchJob: defineRoute({
    operationId: 'createBatchJob',
    method: 'POST',
    path: '/v1/batch-jobs',
    summary: 'Score every row of a dataset with the model that is live',
    permission: 'batch-jobs:write',
    status: 202,
    body: z.strictObject({
      modelName: fields.name,
      environment: fields.environment.optional().describe('where the caller acts (X-Myriad-Environment); no other one'),
      dataset: z.strictObject({ name: fields.name, version: z.int().positive().optional() }),
      outputFormat: z.enum(['csv', 'parquet']).default('csv'),
      shardRows: z.int().min(100).max(1_000_000).default(50_000),
    }),
    response: batchJobSchema,
    problems: [
      'batch.environment_mismatch',
      'batch.model_not_placed',
      'batch.model_not_tabular',
      'batch.dataset_not_found',
      'batch.columns_missing',
      'batch.grant_missing',
    ],
  }),
  listBatchJobs: defineRoute({
    operationId: 'listBatchJobs',
    method: 'GET',
    path: '/v1/batch-jobs',
    summary: 'Jobs of the acting tenant, newest first',
    permission: 'batch-jobs:read',
    query: pageQuery,
    response: pageOf(batchJobSchema),
  }),
  getBatchJob: defineRoute({
    operationId: 'getBatchJob',
    method: 'GET',
    path: '/v1/batch-jobs/:batchJobId',
    summary: 'One job: progress, output, errors',
    permission: 'batch-jobs:read',
    params: byJob,
    response: batchJobSchema,
    problems: ['batch.job_not_found'],
  }),
  cancelBatchJob: defineRoute({
    operationId: 'cancelBatchJob',
    method: 'POST',
    path: '/v1/batch-jobs/:batchJobId/cancel',
    summary: 'Stop a job',
    permission: 'batch-jobs:write',
    params: byJob,
    response: batchJobSchema,
    problems: ['batch.job_not_found'],
  }),
} as const;

export const batchHttp: HttpContract = {
  service: 'batch',
  title: 'Batch prediction',
  description: 'Score files with the same runtime and the same numbers as real-time prediction.',
  routes: { ...batchRoutes, ...operationsRoutes('batch') },
};
