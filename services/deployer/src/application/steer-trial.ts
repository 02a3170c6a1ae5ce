import type { Clock, Owned, RequestContext } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { deployerProblem } from '../domain/deployer-problem.js';
import type { Candidate, Placement, Trial } from '../domain/placement.js';
import { type Rollout, assertOnTrial } from '../domain/rollout.js';
import { announceRollout, changePlacement } from './change-placement.js';
import { EndRollout } from './end-rollout.js';
import {
  CLOCK,
  COST_STORE,
  type CostStore,
  PLACEMENT_STORE,
  type PlacementStore,
  ROLLOUT_STORE,
  type RolloutStore,
} from './ports.js';

interface OnTrial {
  readonly rollout: Rollout;
  readonly placement: Placement;
  readonly candidate: Candidate;
}

/** A person changes on which share of the requests a version is tried, or lets it take over. Rolling back ends it. */
@Injectable()
export class SteerTrial {
  constructor(
    private readonly work: UnitOfWork,
    private readonly endRollout: EndRollout,
    @Inject(ROLLOUT_STORE) private readonly rollouts: RolloutStore,
    @Inject(PLACEMENT_STORE) private readonly placements: PlacementStore,
    @Inject(COST_STORE) private readonly costs: CostStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `deployer.rollout_not_found`, `deployer.not_on_trial`. */
  async change(ctx: RequestContext, rolloutId: string, trial: Trial): Promise<Owned<Rollout>> {
    return this.work.run(ctx, async (tx) => {
      const { rollout, placement, candidate } = await this.onTrial(tx, rolloutId);
      const { generation } = await changePlacement(tx, { placements: this.placements, costs: this.costs }, placement, {
        environment: rollout.environment,
        next: placement.served,
        rolloutId: placement.rolloutId,
        candidate: { ...candidate, ...trial },
        nowMs: this.clock.nowMs(),
      });
      const isConfirmed = rollout.trial?.isConfirmed ?? false;
      const changed = { ...rollout, generation, trial: { ...trial, isConfirmed } };
      await this.rollouts.update(tx, changed);
      await announceRollout(tx, changed);
      return { ...changed, tenantId: ctx.tenantId };
    });
  }

  /** Replicas have the version in memory: it answers as soon as they hear of it. @throws as {@link change}, also while no replica has it. */
  async promote(ctx: RequestContext, rolloutId: string, reason: string): Promise<Owned<Rollout>> {
    return this.work.run(ctx, async (tx) => {
      const { rollout, placement } = await this.onTrial(tx, rolloutId);
      if (rollout.trial?.isConfirmed !== true)
        throw deployerProblem('conflict', 'not_on_trial', `no replica has the version of rollout ${rolloutId} yet`);
      const { generation } = await changePlacement(tx, { placements: this.placements, costs: this.costs }, placement, {
        environment: rollout.environment,
        next: rollout.target,
        rolloutId,
        nowMs: this.clock.nowMs(),
      });
      const promoted = { ...rollout, generation, previous: placement.served, trial: null };
      const ended = await this.endRollout.end(tx, promoted, 'completed', `${ctx.principal.id}: ${reason}`);
      return { ...ended, tenantId: ctx.tenantId };
    });
  }

  private async onTrial(tx: Tx, rolloutId: string): Promise<OnTrial> {
    const { environment, target } = await this.find(tx, rolloutId);
    const placement = await this.placements.findForUpdate(tx, environment, target.modelName);
    const rollout = await this.find(tx, rolloutId); // as it is now that nobody else can change it
    assertOnTrial(rollout, placement?.candidate?.rolloutId);
    return { rollout, placement, candidate: placement?.candidate } as OnTrial;
  }

  private async find(tx: Tx, rolloutId: string): Promise<Rollout> {
    const rollout = await this.rollouts.find(tx, rolloutId);
    if (!rollout)
      throw deployerProblem('not-found', 'rollout_not_found', `tenant ${tx.tenantId} has no rollout '${rolloutId}'`);
    return rollout;
  }
}
