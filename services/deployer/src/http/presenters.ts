import type { Condition, deployerRoutes, RouteResponse } from '@myriad/contracts';
import type { Owned } from '@myriad/kernel';
import type { PoolView } from '../application/read-state.js';
import type { TenantCost } from '../domain/cost.js';
import { poolShapeOf } from '../domain/environment.js';
import type { Placement } from '../domain/placement.js';
import type { Rollout, RolloutStatus } from '../domain/rollout.js';

type PoolBody = RouteResponse<typeof deployerRoutes.listPools>['items'][number];
type RolloutBody = RouteResponse<typeof deployerRoutes.getRollout>;
type PlacementBody = RouteResponse<typeof deployerRoutes.listPlacements>['items'][number];
type CostBody = RouteResponse<typeof deployerRoutes.listCosts>['items'][number];

function condition(
  type: string,
  holds: Condition['status'],
  about: { reason: string; message: string; generation: number; at: Date },
): Condition {
  return {
    type,
    status: holds,
    reason: about.reason,
    message: about.message,
    observedGeneration: about.generation,
    lastTransitionTime: about.at.toISOString(),
  };
}

const ROLLOUT_CONDITION: Readonly<Record<RolloutStatus, readonly [Condition['status'], string]>> = {
  progressing: ['Unknown', 'WaitingForReplica'],
  completed: ['True', 'ReplicaServes'],
  failed: ['False', 'ReplicaFailed'],
  'rolled-back': ['False', 'RolledBack'],
};

export function presentRollout(rollout: Owned<Rollout>): RolloutBody {
  const [holds, reason] =
    rollout.trial?.isConfirmed === true && rollout.status === 'progressing'
      ? (['Unknown', 'OnTrial'] as const)
      : ROLLOUT_CONDITION[rollout.status];
  return {
    rolloutId: rollout.rolloutId,
    tenantId: rollout.tenantId,
    environment: rollout.environment,
    modelName: rollout.target.modelName,
    version: rollout.target.version,
    previousVersion: rollout.previous?.version ?? null,
    promotionId: rollout.promotionId,
    trial: rollout.trial && { mode: rollout.trial.mode, percent: rollout.trial.percent },
    status: rollout.status,
    reason: rollout.reason,
    conditions: [
      condition('Available', holds, {
        reason,
        message: rollout.reason,
        generation: rollout.generation,
        at: rollout.endedAt ?? rollout.createdAt,
      }),
    ],
    createdAt: rollout.createdAt.toISOString(),
    endedAt: rollout.endedAt?.toISOString() ?? null,
  };
}

export function presentPlacement(placement: Owned<Placement>): PlacementBody {
  return {
    tenantId: placement.tenantId,
    environment: placement.environment,
    modelName: placement.served.modelName,
    version: placement.served.version,
    pool: placement.served.pool,
    generation: placement.generation,
    status: placement.status,
    rolloutId: placement.rolloutId,
    changedAt: placement.changedAt.toISOString(),
  };
}

const POOL_CONDITION = {
  idle: ['False', 'NoModels'],
  starting: ['Unknown', 'Starting'],
  ready: ['True', 'ReplicasReady'],
  failed: ['False', 'ReplicaFailed'],
} as const;

export function presentPool(pool: PoolView): PoolBody {
  const [holds, reason] = POOL_CONDITION[pool.status];
  return {
    environment: pool.environment,
    pool: pool.pool,
    ...(poolShapeOf(pool.pool) ?? { family: 'other', sizeClass: 'small' }),
    status: pool.status,
    replicas: pool.replicas.map((replica) => ({ ...replica })),
    placements: pool.placements,
    conditions: [
      condition('Ready', holds, { reason, message: pool.reason, generation: pool.generation, at: pool.changedAt }),
    ],
  };
}

export function presentCost(cost: TenantCost): CostBody {
  const { quantities } = cost;
  return {
    tenantId: cost.tenantId,
    predictions: quantities.predictions,
    predictionRows: quantities['prediction-rows'],
    batchRows: quantities['batch-rows'],
    trainingCpuSeconds: quantities['training-cpu'],
    modelHours: quantities['model-hours'],
    costMicros: cost.costMicros,
  };
}
