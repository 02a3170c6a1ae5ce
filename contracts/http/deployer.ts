import { z } from 'zod';
import { fields } from '../define-event.js';
import { familySchema } from '../model-class.js';
import { type HttpContract, conditionSchema, defineRoute, pageOf, pageQuery } from '../define-route.js';
import { trialSchema } from '../trial.js';
import { operationsRoutes } from './operations.js';

export const environmentSchema = z.object({
  name: fields.environment,
  cluster: z.string(),
  requiresApproval: z.boolean(),
  pools: z.array(z.string()),
});

export const poolSchema = z.object({
  environment: fields.environment,
  pool: fields.name,
  family: familySchema,
  sizeClass: z.enum(['small', 'medium', 'large']),
  status: z.enum(['idle', 'starting', 'ready', 'failed']),
  replicas: z.array(z.object({ replicaId: fields.id, url: z.string() })),
  placements: fields.count,
  conditions: z.array(conditionSchema),
});

export const placementSchema = z.object({
  tenantId: fields.tenantId,
  environment: fields.environment,
  modelName: fields.name,
  version: z.int().positive(),
  pool: fields.name,
  generation: z.int().positive(),
  status: z.enum(['active', 'removed']),
  rolloutId: fields.id,
  changedAt: fields.time,
});

export const rolloutSchema = z.object({
  rolloutId: fields.id,
  tenantId: fields.tenantId,
  environment: fields.environment,
  modelName: fields.name,
  version: z.int().positive(),
  previousVersion: z.int().positive().nullable(),
  promotionId: fields.id.nullable(),
  trial: trialSchema
    .nullish()
    .describe('while the version is tried beside the one that answers; it is until it is promoted or rolled back'),
  status: z.enum(['progressing', 'completed', 'failed', 'rolled-back']),
  reason: z.string(),
  conditions: z.array(conditionSchema),
  createdAt: fields.time,
  endedAt: fields.time.nullable(),
});

export const costSchema = z.object({
  tenantId: fields.tenantId,
  predictions: fields.count,
  predictionRows: fields.count,
  batchRows: fields.count,
  trainingCpuSeconds: z.number().nonnegative(),
  modelHours: z.number().nonnegative(),
  costMicros: z.number().nonnegative().describe("millionths of the ledger's currency unit, by the configured prices"),
});

const byRollout = z.object({ rolloutId: fields.id });

export const deployerRoutes = {
  listEnvironments: defineRoute({
    operationId: 'listEnvironments',
    method: 'GET',
    path: '/v1/environments',
    summary: 'The environments and their pools',
    permission: 'environments:read',
    query: pageQuery,
    response: pageOf(environmentSchema),
  }),
  getEnvironment: defineRoute({
    operationId: 'getEnvironment',
    method: 'GET',
    path: '/v1/environments/:environment',
    summary: 'One environment',
    permission: 'environments:read',
    params: z.object({ environment: fields.environment }),
    response: environmentSchema,
  }),
  listPools: defineRoute({
    operationId: 'listPools',
    method: 'GET',
    path: '/v1/pools',
    summary: 'Groups of replicas',
    permission: 'environments:read',
    query: pageQuery.extend({ environment: fields.environment.optional() }),
    response: pageOf(poolSchema),
  }),
  listPlacements: defineRoute({
    operationId: 'listPlacements',
    method: 'GET',
    path: '/v1/placements',
    summary: 'What the acting tenant has where; the platform sees all tenants',
    permission: 'environments:read',
    query: pageQuery.extend({ environment: fields.environment.optional(), modelName: fields.name.optional() }),
    response: pageOf(placementSchema),
  }),
  listRollouts: defineRoute({
    operationId: 'listRollouts',
    method: 'GET',
    path: '/v1/rollouts',
    summary: 'Rollouts, newest first; the platform sees all tenants',
    permission: 'rollouts:read',
    query: pageQuery.extend({
      environment: fields.environment.optional(),
      status: z.enum(['progressing', 'completed', 'failed', 'rolled-back']).optional(),
    }),
    response: pageOf(rolloutSchema),
  }),
  getRollout: defineRoute({
    operationId: 'getRollout',
    method: 'GET',
    path: '/v1/rollouts/:rolloutId',
    summary: 'One rollout',
    permission: 'rollouts:read',
    params: byRollout,
    response: rolloutSchema,
    problems: ['deployer.rollout_not_found'],
  }),
  rollbackRollout: defineRoute({
    operationId: 'rollbackRollout',
    method: 'POST',
    path: '/v1/rollouts/:rolloutId/rollback',
    summary: 'Put the version before back, at once; ends a trial',
    permission: 'rollouts:write',
    params: byRollout,
    body: z.strictObject({ reason: z.string().min(1).max(500) }),
    response: rolloutSchema,
    problems: ['deployer.rollout_not_found', 'deployer.nothing_to_roll_back'],
  }),
  changeTrial: defineRoute({
    operationId: 'changeTrial',
    method: 'PUT',
    path: '/v1/rollouts/:rolloutId/trial',
    summary: 'Change how a version is tried, or on which share of the requests',
    permission: 'rollouts:write',
    params: byRollout,
    body: z.strictObject(trialSchema.shape),
    response: rolloutSchema,
    problems: ['deployer.rollout_not_found', 'deployer.not_on_trial'],
  }),
  promoteTrial: defineRoute({
    operationId: 'promoteTrial',
    method: 'POST',
    path: '/v1/rollouts/:rolloutId/promote',
    summary: 'Let a version that is tried take over',
    permission: 'rollouts:write',
    params: byRollout,
    body: z.strictObject({ reason: z.string().min(1).max(500) }),
    response: rolloutSchema,
    problems: ['deployer.rollout_not_found', 'deployer.not_on_trial'],
  }),
  listCosts: defineRoute({
    operationId: 'listCosts',
    method: 'GET',
    path: '/v1/costs',
    summary: 'What the acting tenant used; the platform sees all tenants',
    permission: 'costs:read',
    query: pageQuery.extend({ from: z.iso.datetime().optional(), to: z.iso.datetime().optional() }),
    response: pageOf(costSchema),
  }),
} as const;

export const deployerHttp: HttpContract = {
  service: 'deployer',
  title: 'Deployer',
  description: 'Environments, pools, placements, rollouts and the cost ledger.',
  routes: { ...deployerRoutes, ...operationsRoutes('deployer') },
};
