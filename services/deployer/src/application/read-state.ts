import {
  type Clock,
  type Owned,
  PLATFORM_TENANT,
  type Page,
  type PageRequest,
  type RequestContext,
} from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type Prices, type TenantCost, costOf } from '../domain/cost.js';
import { deployerProblem } from '../domain/deployer-problem.js';
import type { Placement } from '../domain/placement.js';
import type { Rollout } from '../domain/rollout.js';
import {
  CLOCK,
  COST_STORE,
  type CostStore,
  PLACEMENT_STORE,
  POOL_STORE,
  PRICES,
  type PlacementFilter,
  type PlacementStore,
  type PoolState,
  type PoolStore,
  ROLLOUT_STORE,
  type RolloutFilter,
  type RolloutStore,
} from './ports.js';

/** What a pool is and how many models are placed in it. */
export interface PoolView extends PoolState {
  readonly placements: number;
}

/** Everything that is read: a tenant reads its own, the platform reads all tenants'. */
@Injectable()
export class ReadState {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(ROLLOUT_STORE) private readonly rollouts: RolloutStore,
    @Inject(PLACEMENT_STORE) private readonly placements: PlacementStore,
    @Inject(POOL_STORE) private readonly pools: PoolStore,
    @Inject(COST_STORE) private readonly costs: CostStore,
    @Inject(PRICES) private readonly prices: Prices,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  listRollouts(ctx: RequestContext, filter: RolloutFilter): Promise<Page<Owned<Rollout>>> {
    return this.read(ctx, (tx) => this.rollouts.list(tx, filter));
  }

  /** @throws {ProblemError} `deployer.rollout_not_found`. */
  async getRollout(ctx: RequestContext, rolloutId: string): Promise<Owned<Rollout>> {
    const rollout = await this.read(ctx, (tx) => this.rollouts.find(tx, rolloutId));
    if (!rollout) throw deployerProblem('not-found', 'rollout_not_found', `there is no rollout '${rolloutId}' here`);
    return rollout;
  }

  listPlacements(ctx: RequestContext, filter: PlacementFilter): Promise<Page<Owned<Placement>>> {
    return this.read(ctx, (tx) => this.placements.list(tx, filter));
  }

  /** Pools are the platform's; every tenant may see them. */
  async listPools(): Promise<readonly PoolView[]> {
    return this.work.runAcrossTenants('deployer: pools and how many models each holds', async (tx) => {
      const counts = await this.placements.countActive(tx);
      const pools = await this.pools.all(tx);
      const countOf = (pool: PoolState): number =>
        counts.find((entry) => entry.environment === pool.environment && entry.pool === pool.pool)?.count ?? 0;
      return pools.map((pool) => ({ ...pool, placements: countOf(pool) }));
    });
  }

  async listCosts(ctx: RequestContext, from: Date, to: Date, page: PageRequest): Promise<Page<TenantCost>> {
    const sums = await this.read(ctx, (tx) =>
      this.costs.sum(tx, { from, to, now: new Date(this.clock.nowMs()) }, page),
    );
    return {
      items: sums.items.map((sum) => costOf(sum.tenantId, sum.quantities, this.prices)),
      nextPageToken: sums.nextPageToken,
    };
  }

  private read<T>(ctx: RequestContext, query: (tx: Tx) => Promise<T>): Promise<T> {
    if (ctx.tenantId === PLATFORM_TENANT)
      return this.work.runAcrossTenants(`deployer: ${ctx.principal.id} reads for the platform`, query);
    return this.work.run(ctx, query);
  }
}
