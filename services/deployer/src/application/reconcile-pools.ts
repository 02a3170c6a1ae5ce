import { poolChangedV1 } from '@myriad/contracts';
import { type Clock, canonicalJson, systemContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type EnvironmentName, modelMemoryBytes, poolShapeOf } from '../domain/environment.js';
import {
  CLOCK,
  PLACEMENT_STORE,
  POOL_STORE,
  type PlacementStore,
  type PoolState,
  type PoolStore,
  REPLICAS_PER_POOL,
  type ReplicaState,
  SERVING_CAPACITY,
  type ServingCapacity,
} from './ports.js';

type Observed = Pick<PoolState, 'status' | 'replicas' | 'reason'>;

/** Makes replicas follow placements: a pool with models runs, a pool without ends. Repeating it changes nothing. */
@Injectable()
export class ReconcilePools {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(PLACEMENT_STORE) private readonly placements: PlacementStore,
    @Inject(POOL_STORE) private readonly pools: PoolStore,
    @Inject(SERVING_CAPACITY) private readonly capacity: ServingCapacity,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(REPLICAS_PER_POOL) private readonly replicasPerPool: number,
  ) {}

  async execute(): Promise<void> {
    const active = await this.work.runAcrossTenants('deployer: count placements of each pool', (tx) =>
      this.placements.countActive(tx),
    );
    const known = await this.work.run(systemContext('deployer'), (tx) => this.pools.all(tx));
    const wanted = new Map(active.map((entry) => [`${entry.environment}/${entry.pool}`, entry]));
    for (const { environment, pool } of wanted.values()) {
      const before = known.find((entry) => entry.environment === environment && entry.pool === pool);
      await this.record({ environment, pool }, before, await this.observe(environment, pool, before));
      await this.removeAllBut(before, replicaIdsOf(environment, pool, this.replicasPerPool));
    }
    for (const before of known) {
      if (wanted.has(`${before.environment}/${before.pool}`) || before.status === 'idle') continue;
      await this.removeAllBut(before, []);
      for (const replicaId of replicaIdsOf(before.environment, before.pool, this.replicasPerPool))
        await this.capacity.remove(replicaId);
      await this.record(before, before, { status: 'idle', replicas: [], reason: 'no model is placed here' });
    }
  }

  /** Replicas of the pool as last told that are wanted no more: the number a pool was another, or no model is left. */
  private async removeAllBut(before: PoolState | undefined, wanted: readonly string[]): Promise<void> {
    for (const { replicaId } of before?.replicas ?? [])
      if (!wanted.includes(replicaId)) await this.capacity.remove(replicaId);
  }

  private async observe(environment: EnvironmentName, pool: string, before: PoolState | undefined): Promise<Observed> {
    const shape = poolShapeOf(pool);
    if (!shape) return { status: 'failed', replicas: [], reason: `'${pool}' is no pool name` };
    const states: ReplicaState[] = [];
    const reasons: string[] = [];
    for (const replicaId of replicaIdsOf(environment, pool, this.replicasPerPool)) {
      const request = { replicaId, environment, pool, memoryLimitBytes: modelMemoryBytes(shape.sizeClass) };
      try {
        states.push(await this.capacity.ensure(request));
      } catch (error) {
        reasons.push(error instanceof Error ? error.message : String(error));
      }
    }
    return { status: statusOf(states), replicas: answering(states, before), reason: reasons.join('; ') };
  }

  private async record(
    pool: Pick<PoolState, 'environment' | 'pool'>,
    before: PoolState | undefined,
    seen: Observed,
  ): Promise<void> {
    // a replica that is away for a moment keeps its address: callers retry, and it comes back there
    const replicas = seen.replicas.length === 0 && seen.status !== 'idle' && before ? before.replicas : seen.replicas;
    const isSame =
      before?.status === seen.status &&
      before.reason === seen.reason &&
      canonicalJson(before.replicas) === canonicalJson(replicas);
    if (isSame) return;
    const shape = poolShapeOf(pool.pool);
    if (!shape) return;
    const next: PoolState = {
      environment: pool.environment,
      pool: pool.pool,
      ...seen,
      replicas,
      generation: (before?.generation ?? 0) + 1,
      changedAt: new Date(this.clock.nowMs()),
    };
    await this.work.run(systemContext('deployer'), async (tx) => {
      await this.pools.save(tx, next);
      await tx.emit(poolChangedV1, {
        environment: next.environment,
        pool: next.pool,
        ...shape,
        endpoints: next.replicas.map((replica) => ({ ...replica })),
        status: next.status,
        generation: next.generation,
      });
    });
  }
}

/** A pool serves as soon as one replica does. */
function statusOf(states: readonly ReplicaState[]): PoolState['status'] {
  for (const status of ['ready', 'starting'] as const)
    if (states.some((state) => state.status === status)) return status;
  return 'failed';
}

/** Those that are ready. One that is away for a moment keeps its address: callers go to another or try again, and it comes back there. */
function answering(states: readonly ReplicaState[], before: PoolState | undefined): PoolState['replicas'] {
  const isKnown = ({ replicaId }: ReplicaState): boolean =>
    before?.replicas.some((replica) => replica.replicaId === replicaId) === true;
  return states
    .filter((state) => state.status === 'ready' || (state.status === 'starting' && isKnown(state)))
    .map(({ replicaId, url, grpcPort }) => ({ replicaId, url, ...(grpcPort === undefined ? {} : { grpcPort }) }));
}

/** Names of a pool's replicas, the same everywhere: numbered from 1 where there are several. */
export function replicaIdsOf(environment: EnvironmentName, pool: string, count: number): readonly string[] {
  const name = `realtime-${environment}-${pool}`;
  return count === 1 ? [name] : Array.from({ length: count }, (_none, at) => `${name}-${at + 1}`);
}
