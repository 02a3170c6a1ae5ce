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
  ) {}

  async execute(): Promise<void> {
    const active = await this.work.runAcrossTenants('deployer: count placements of each pool', (tx) =>
      this.placements.countActive(tx),
    );
    const known = await this.work.run(systemContext('deployer'), (tx) => this.pools.all(tx));
    const wanted = new Map(active.map((entry) => [`${entry.environment}/${entry.pool}`, entry]));
    for (const { environment, pool } of wanted.values()) {
      const before = known.find((entry) => entry.environment === environment && entry.pool === pool);
      await this.record({ environment, pool }, before, await this.observe(environment, pool));
    }
    for (const before of known) {
      if (wanted.has(`${before.environment}/${before.pool}`) || before.status === 'idle') continue;
      await this.capacity.remove(replicaIdOf(before.environment, before.pool));
      await this.record(before, before, { status: 'idle', replicas: [], reason: 'no model is placed here' });
    }
  }

  private async observe(environment: EnvironmentName, pool: string): Promise<Observed> {
    const shape = poolShapeOf(pool);
    if (!shape) return { status: 'failed', replicas: [], reason: `'${pool}' is no pool name` };
    try {
      const replica = await this.capacity.ensure({
        replicaId: replicaIdOf(environment, pool),
        environment,
        pool,
        memoryLimitBytes: modelMemoryBytes(shape.sizeClass),
      });
      const replicas = replica.status === 'ready' ? [{ replicaId: replica.replicaId, url: replica.url }] : [];
      return { status: replica.status, replicas, reason: '' };
    } catch (error) {
      return { status: 'failed', replicas: [], reason: error instanceof Error ? error.message : String(error) };
    }
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

/** One replica a pool and environment, by this name everywhere. */
export function replicaIdOf(environment: EnvironmentName, pool: string): string {
  return `realtime-${environment}-${pool}`;
}
