import type { Owned, Page, PageRequest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { CostKind, Usage } from '../domain/cost.js';
import type { EnvironmentName } from '../domain/environment.js';
import type { Placement } from '../domain/placement.js';
import type { Rollout, RolloutStatus } from '../domain/rollout.js';

export interface RolloutFilter extends PageRequest {
  readonly environment: EnvironmentName | undefined;
  readonly status: RolloutStatus | undefined;
}

/** Rollouts of the transaction's tenant (every tenant's in an across-tenant transaction). */
export interface RolloutStore {
  insert(tx: Tx, rollout: Rollout): Promise<void>;
  /** Writes what a rollout can change. */
  update(tx: Tx, rollout: Rollout): Promise<void>;
  find(tx: Tx, rolloutId: string): Promise<Owned<Rollout> | undefined>;
  findByPromotion(tx: Tx, promotionId: string): Promise<Owned<Rollout> | undefined>;
  /** The newest completed one of the same model and environment that came before this one. */
  completedBefore(tx: Tx, rollout: Rollout): Promise<Owned<Rollout> | undefined>;
  /** Newest first. */
  list(tx: Tx, filter: RolloutFilter): Promise<Page<Owned<Rollout>>>;
  /** Those that began before `startedBefore`, have not ended and are not on a trial that a replica confirmed; oldest first, at most `limit`. */
  progressing(tx: Tx, startedBefore: Date, limit: number): Promise<readonly Owned<Rollout>[]>;
}

export interface PlacementFilter extends PageRequest {
  readonly environment: EnvironmentName | undefined;
  readonly modelName: string | undefined;
}

export interface PlacementStore {
  /** Locks the row until the transaction ends, so that generations never fork. */
  findForUpdate(tx: Tx, environment: EnvironmentName, modelName: string): Promise<Placement | undefined>;
  save(tx: Tx, placement: Placement): Promise<void>;
  list(tx: Tx, filter: PlacementFilter): Promise<Page<Owned<Placement>>>;
  /** How many models are active in each pool; across tenants. */
  countActive(
    tx: Tx,
  ): Promise<readonly { readonly environment: EnvironmentName; readonly pool: string; readonly count: number }[]>;
}

/** Where a replica answers. */
export interface ReplicaAddress {
  readonly replicaId: string;
  readonly url: string;
  /** Where on the same host it speaks gRPC; absent: nowhere. */
  readonly grpcPort?: number | undefined;
}

/** Replicas of a pool as last seen. */
export interface PoolState {
  readonly environment: EnvironmentName;
  readonly pool: string;
  readonly status: 'idle' | 'starting' | 'ready' | 'failed';
  readonly replicas: readonly ReplicaAddress[];
  readonly reason: string;
  readonly generation: number;
  readonly changedAt: Date;
}

/** Pools belong to the platform. */
export interface PoolStore {
  all(tx: Tx): Promise<readonly PoolState[]>;
  save(tx: Tx, pool: PoolState): Promise<void>;
}

export interface CostStore {
  add(tx: Tx, usage: Usage): Promise<void>;
  /** Adds the hours of a model that was placed from then until now, each to the hour in which it fell. */
  addModelHours(tx: Tx, from: Date, until: Date): Promise<void>;
  /** Sums per tenant over the hours in [from, to); models that are placed `now` count with their hours so far. */
  sum(
    tx: Tx,
    time: { readonly from: Date; readonly to: Date; readonly now: Date },
    page: PageRequest,
  ): Promise<Page<{ readonly tenantId: string; readonly quantities: Readonly<Record<CostKind, number>> }>>;
}

export interface ReplicaRequest {
  readonly replicaId: string;
  readonly environment: EnvironmentName;
  readonly pool: string;
  readonly memoryLimitBytes: number;
}

export interface ReplicaState extends ReplicaAddress {
  readonly status: 'starting' | 'ready' | 'failed';
}

/** Where `realtime` replicas run: processes on this machine, or a cluster's Deployments. */
export interface ServingCapacity {
  /** Starts the replica when it is not there, and says how it is. Safe to repeat. */
  ensure(request: ReplicaRequest): Promise<ReplicaState>;
  /** Ends the replica; nothing happens when it is not there. */
  remove(replicaId: string): Promise<void>;
}

/** Tokens by which Nest injects the ports. */
export const ROLLOUT_STORE = Symbol('RolloutStore');
export const PLACEMENT_STORE = Symbol('PlacementStore');
export const POOL_STORE = Symbol('PoolStore');
export const COST_STORE = Symbol('CostStore');
export const SERVING_CAPACITY = Symbol('ServingCapacity');
export const CLOCK = Symbol('Clock');
export const PRICES = Symbol('Prices');
export const ROLLOUT_TIMEOUT_MS = Symbol('RolloutTimeoutMs');
export const REPLICAS_PER_POOL = Symbol('ReplicasPerPool');
