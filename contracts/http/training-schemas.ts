import { z } from 'zod';
import { fields } from '../define-event.js';

export const jobStatus = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']);
export const parameters = z.record(z.string(), z.unknown());
export const source = z.string().min(1).max(262_144);
export const entryPoint = z
  .string()
  .regex(/^[A-Za-z_]\w*$/)
  .default('train')
  .describe('name of the function in the source');

export const limitsSchema = z.strictObject({
  timeoutSeconds: z.int().min(1).max(86_400).default(3600),
  memoryBytes: z.int().min(134_217_728).max(1_099_511_627_776).default(4_294_967_296),
  logBytes: z.int().min(1024).max(104_857_600).default(10_485_760),
  maxAttempts: z.int().min(1).max(10).default(2),
});

export const recipeSchema = z.object({
  recipeId: fields.id,
  name: fields.name,
  version: z.int().positive(),
  sourceDigest: fields.digest,
  entryPoint: z.string(),
  parameterSchema: z.record(z.string(), z.unknown()),
  createdAt: fields.time,
});

export const runSchema = z.object({
  runId: fields.id,
  tenantId: fields.tenantId,
  jobId: fields.id.nullable(),
  fleetRunId: fields.id.nullable(),
  experiment: fields.name.nullable(),
  modelName: fields.name.nullable(),
  status: z.enum(['queued', 'running', 'succeeded', 'inconclusive', 'failed', 'cancelled']),
  reason: z.string(),
  parameters,
  metrics: z.record(z.string(), z.number()).describe('newest value of each'),
  artifactDigest: fields.digest.nullable(),
  startedAt: fields.time.nullable(),
  endedAt: fields.time.nullable(),
});

export const jobSchema = z.object({
  jobId: fields.id,
  fleetRunId: fields.id.nullable(),
  status: jobStatus,
  reason: z.string(),
  attempt: fields.count,
  limits: limitsSchema,
  runs: z.array(z.object({ runId: fields.id, tenantId: fields.tenantId, modelName: fields.name, status: z.string() })),
  createdBy: fields.id,
  createdAt: fields.time,
  startedAt: fields.time.nullable(),
  endedAt: fields.time.nullable(),
});

export const fleetRunSchema = z.object({
  fleetRunId: fields.id,
  application: fields.name,
  datasetName: fields.name,
  recipe: fields.name,
  recipeVersion: z.int().positive(),
  parameters,
  status: z.enum(['queued', 'running', 'completed', 'failed', 'cancelled']),
  counts: z.object({
    total: fields.count,
    queued: fields.count,
    running: fields.count,
    succeeded: fields.count,
    inconclusive: fields.count,
    failed: fields.count,
    cancelled: fields.count,
  }),
  members: z.array(
    z.object({
      tenantId: fields.tenantId,
      runId: fields.id,
      jobId: fields.id.nullable(),
      status: z.string(),
      reason: z.string(),
      metrics: z.record(z.string(), z.number()),
      durationMs: z.number().nullable(),
    }),
  ),
  createdBy: fields.id,
  createdAt: fields.time,
  endedAt: fields.time.nullable(),
});

export const metric = z.strictObject({
  name: z.string().min(1).max(250),
  value: z.number(),
  step: z.int().nonnegative().default(0),
  timestampMs: z.int().nonnegative().optional(),
});
export const metricPoint = z.object({ name: z.string(), value: z.number(), step: z.int(), timestampMs: z.int() });
export const byJob = z.object({ jobId: fields.id });
export const byFleetRun = z.object({ fleetRunId: fields.id });
export const byRun = z.object({ runId: fields.id });
export const streamed = z
  .string()
  .describe(
    'server-sent events: `log` {level, message, taskId}, `metric` {name, value, step}, `status` {status, reason}; ends with `end`',
  );
