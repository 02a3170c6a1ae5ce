import { type Clock, systemClock } from '@myriad/kernel';
import { type Database, UnitOfWork } from '@myriad/persistence';
import type { Logger } from '@myriad/telemetry';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { EndRollout } from './application/end-rollout.js';
import { ExpireRollouts } from './application/expire-rollouts.js';
import {
  CLOCK,
  COST_STORE,
  PLACEMENT_STORE,
  POOL_STORE,
  PRICES,
  REPLICAS_PER_POOL,
  ROLLOUT_STORE,
  ROLLOUT_TIMEOUT_MS,
  SERVING_CAPACITY,
  type ServingCapacity,
} from './application/ports.js';
import { ReadState } from './application/read-state.js';
import { LOGGER, ReconcileLoop } from './application/reconcile-loop.js';
import { ReconcilePools } from './application/reconcile-pools.js';
import { RecordUsage } from './application/record-usage.js';
import { RemovePlacements } from './application/remove-placements.js';
import { RollBack } from './application/roll-back.js';
import { StartRollout } from './application/start-rollout.js';
import { SteerTrial } from './application/steer-trial.js';
import type { Prices } from './domain/cost.js';
import { DeployerController } from './http/deployer.controller.js';
import { DeployerHandlers } from './messaging/deployer.handlers.js';
import { SqlCostStore } from './persistence/sql-cost-store.js';
import { SqlPlacementStore } from './persistence/sql-placement-store.js';
import { SqlPoolStore } from './persistence/sql-pool-store.js';
import { SqlRolloutStore } from './persistence/sql-rollout-store.js';

/** What is made outside of the module: by `main.ts`, or by a test. */
export interface DeployerParts {
  readonly database: Database;
  readonly logger: Logger;
  readonly capacity: ServingCapacity;
  readonly prices: Prices;
  readonly rolloutTimeoutMs: number;
  /** Default 1. */
  readonly replicasPerPool?: number;
  readonly clock?: Clock;
}

const useCases = [
  EndRollout,
  ExpireRollouts,
  ReadState,
  ReconcileLoop,
  ReconcilePools,
  RecordUsage,
  RemovePlacements,
  RollBack,
  StartRollout,
  SteerTrial,
];

const stores: Provider[] = [
  { provide: ROLLOUT_STORE, useClass: SqlRolloutStore },
  { provide: PLACEMENT_STORE, useClass: SqlPlacementStore },
  { provide: POOL_STORE, useClass: SqlPoolStore },
  { provide: COST_STORE, useClass: SqlCostStore },
];

function adapters({
  database,
  logger,
  capacity,
  prices,
  rolloutTimeoutMs,
  replicasPerPool = 1,
  clock = systemClock,
}: DeployerParts): Provider[] {
  return [
    { provide: UnitOfWork, useValue: new UnitOfWork(database) },
    { provide: LOGGER, useValue: logger },
    { provide: CLOCK, useValue: clock },
    { provide: SERVING_CAPACITY, useValue: capacity },
    { provide: PRICES, useValue: prices },
    { provide: ROLLOUT_TIMEOUT_MS, useValue: rolloutTimeoutMs },
    { provide: REPLICAS_PER_POOL, useValue: replicasPerPool },
  ];
}

@Module({ controllers: [DeployerController, DeployerHandlers] })
export class AppModule {
  static with(parts: DeployerParts): DynamicModule {
    return { module: AppModule, providers: [...useCases, ...stores, ...adapters(parts)] };
  }
}
