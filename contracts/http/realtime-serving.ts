import { z } from 'zod';
import { fields } from '../define-event.js';
import { trialSchema } from '../trial.js';
import { defineRoute } from '../define-route.js';
import { servingSchema } from '../serving.js';

const milliseconds = z.number().nonnegative();

/** What a version did on one replica since it was placed. */
const countsSchema = z.object({
  version: z.int().positive(),
  requests: fields.count,
  failures: fields.count,
  inferMicros: z.number().nonnegative().describe('time in the model of all requests'),
});

/** What came of trying a version beside the one that answers, on one replica. */
const trialViewSchema = trialSchema.extend({
  isInMemory: z.boolean(),
  served: countsSchema,
  tried: countsSchema,
  comparison: z
    .object({
      compared: fields.count,
      different: fields.count.describe('requests with another answer: any value off by more than 1e-6 + 1e-5 × value'),
      failed: fields.count,
      skipped: fields.count.describe('not compared: too much waited, or the version was not in memory'),
      maxDifference: z
        .number()
        .nonnegative()
        .nullable()
        .describe('of numbers; null where one was missing or no number'),
      servedMicros: z.number().nonnegative(),
      candidateMicros: z.number().nonnegative(),
    })
    .describe('of a shadow'),
});

/** What one replica knows of a version that it serves. */
export const servingExplanationSchema = z.object({
  model: fields.name,
  version: z.int().positive().describe('the one that answers'),
  versionId: fields.id,
  environment: fields.environment,
  pool: fields.name,
  replicaId: z.string().describe('names the replica that answers; others may hold the version, too'),
  rolloutId: fields.id.describe('the rollout that placed the version'),
  generation: z.int().positive().describe('grows with every change of the placement'),
  place: z
    .enum(['memory', 'loading', 'disk', 'store'])
    .describe('where the version is: the nearest place that a prediction would find it at'),
  reason: z.string().describe('why it is there'),
  runtime: z
    .enum(['inline', 'workers', 'remote'])
    .describe("what runs it: the replica's one thread, its worker threads, or the server of a remote pool"),
  serving: servingSchema
    .nullable()
    .describe('how its graph is run, as admission chose; null: it was admitted before ways were tried, and runs whole'),
  memoryBytes: fields.count.describe('what it takes of memory; 0 when it is not there'),
  tenantMemoryBytes: fields.count.describe("what all of the tenant's versions take on this replica"),
  uses: fields.count.describe('how often it was asked for since it came into memory'),
  pendingVersion: z
    .int()
    .positive()
    .nullable()
    .describe('a version that was placed after this one and takes over when it is loaded'),
  trial: trialViewSchema.nullish().describe('a version that is tried beside it'),
  refusal: z
    .object({
      version: z.int().positive(),
      reason: z.string(),
      retryAt: fields.time.describe('it is not tried again before'),
    })
    .nullable()
    .describe('why this version, or the one that is to take over, could not be loaded'),
  loads: z
    .array(
      z.object({
        startedAt: fields.time,
        tookMs: milliseconds,
        from: z.enum(['disk', 'store']),
        reason: z.string().describe('why it failed; empty when it did not'),
      }),
    )
    .describe('the last five, the newest first'),
  eviction: z
    .object({ at: fields.time, uses: fields.count, reason: z.string() })
    .nullable()
    .describe('when and why it left memory last'),
});

export const servingRoutes = {
  explainServing: defineRoute({
    operationId: 'explainServing',
    method: 'GET',
    path: '/v1/serving/explain',
    summary:
      'Where the served version of a model is, why, and what its last loads cost; needs models:read or predictions:invoke',
    permission: 'none',
    query: z.object({ model: fields.name }),
    response: servingExplanationSchema,
    problems: ['realtime.model_not_found', 'realtime.permission_missing'],
  }),
} as const;
