import { z } from 'zod';
import { trialSchema } from '../trial.js';
import { fields } from '../define-event.js';

export const metricName = z.enum(['auc', 'log-loss', 'accuracy', 'brier']);
export const generator = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('noise'),
    copies: z.int().min(1).max(100),
    scale: z.number().positive().max(10).default(0.1).describe("of each numeric column's standard deviation"),
  }),
  z.strictObject({
    kind: z.literal('missing'),
    copies: z.int().min(1).max(100),
    fraction: z.number().positive().max(1).default(0.1).describe('of the values of each numeric column'),
  }),
  z.strictObject({
    kind: z.literal('category-swap'),
    copies: z.int().min(1).max(100),
    fraction: z.number().positive().max(1).default(0.1).describe('of the values of each categorical column'),
  }),
  z.strictObject({
    kind: z.literal('subgroup'),
    copies: z.int().min(1).max(100),
    fraction: z
      .number()
      .positive()
      .max(1)
      .default(0.5)
      .describe('of the rows, drawn with replacement from one value of one categorical column'),
  }),
]);
export const threshold = z.strictObject({
  metric: metricName,
  appliesTo: z.enum(['golden', 'randomized', 'all']).default('all'),
  min: z
    .number()
    .optional()
    .describe("the interval's lower end must not be below on golden; the value on randomized sets"),
  max: z.number().optional(),
  maxDrop: z.number().nonnegative().optional().describe('how far a randomized set may fall behind golden'),
});
export const feature = z.strictObject({ name: z.string().min(1), kind: z.enum(['numeric', 'categorical']) });

export const suiteSpec = {
  name: fields.name,
  task: z.enum(['binary-classification', 'regression']),
  features: z.array(feature).min(1),
  label: z.string().min(1),
  goldenDataset: fields.name.describe(
    'the dataset of this name in each tenant; its newest version is pinned in the evidence',
  ),
  generators: z.array(generator).max(20),
  thresholds: z.array(threshold).min(1).max(50),
  minRows: z.int().min(1).default(500).describe('fewer golden rows make the verdict inconclusive'),
  minPerClass: z.int().min(1).default(30),
  confidence: z.number().min(0.5).max(0.999).default(0.95),
  seed: z.int().nonnegative().default(1),
} as const;

export const suiteSchema = z.object({
  ...suiteSpec,
  suiteId: fields.id,
  version: z.int().positive(),
  digest: fields.digest,
  createdAt: fields.time,
});

export const checkSchema = z.object({
  set: z.string().describe('`golden`, or the generator with its copy: `noise#1`'),
  seed: z.int().nullable(),
  metric: metricName,
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  rows: fields.count,
  outcome: z.enum(['pass', 'fail', 'inconclusive']),
  detail: z.string(),
});

export const evaluationSchema = z.object({
  evaluationId: fields.id,
  tenantId: fields.tenantId,
  modelName: fields.name,
  version: z.int().positive(),
  versionId: fields.id,
  suite: fields.name,
  suiteVersion: z.int().positive(),
  status: z.enum(['queued', 'running', 'completed', 'failed']),
  verdict: z.enum(['pass', 'fail', 'inconclusive']).nullable(),
  reason: z.string(),
  checks: z.array(checkSchema),
  evidenceDigest: fields.digest.nullable(),
  createdAt: fields.time,
  completedAt: fields.time.nullable(),
});

export const promotionSchema = z.object({
  promotionId: fields.id,
  tenantId: fields.tenantId,
  modelName: fields.name,
  version: z.int().positive(),
  environment: fields.environment,
  status: z.enum(['awaiting-approval', 'approved', 'rolling-out', 'completed', 'failed', 'rejected', 'void']),
  reason: z.string(),
  trial: trialSchema.nullish(),
  evidenceDigest: fields.digest,
  approvalId: fields.id.nullable(),
  requestedBy: fields.id,
  createdAt: fields.time,
});

export const member = z.object({
  tenantId: fields.tenantId,
  modelName: fields.name,
  version: z.int().positive().nullable(),
  included: z.boolean(),
  verdict: z.enum(['pass', 'fail', 'inconclusive']).nullable(),
  metric: z
    .object({ name: z.string(), value: z.number(), low: z.number(), high: z.number(), rows: fields.count })
    .nullable(),
  state: z.enum(['evaluating', 'held-back', 'waiting', 'rolling-out', 'live', 'failed']),
  environment: fields.environment.nullable().describe('the furthest environment in which it is live'),
  reason: z.string(),
});

export const campaignSchema = z.object({
  campaignId: fields.id,
  application: fields.name,
  fleetRunId: fields.id,
  environments: z.array(fields.environment),
  waves: z.array(z.int()),
  status: z.enum([
    'collecting',
    'awaiting-approval',
    'approved',
    'rolling-out',
    'completed',
    'halted',
    'rejected',
    'cancelled',
  ]),
  reason: z.string(),
  evidenceDigest: fields.digest.nullable(),
  approvalId: fields.id.nullable(),
  members: z.array(member),
  createdBy: fields.id,
  createdAt: fields.time,
  completedAt: fields.time.nullable(),
});

export const byName = z.object({ name: fields.name });
export const byEvaluation = z.object({ evaluationId: fields.id });
export const byCampaign = z.object({ campaignId: fields.id });
