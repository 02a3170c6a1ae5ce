import type { Owned, RequestContext } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { deployerProblem } from '../domain/deployer-problem.js';
import { type Rollout, assertRollbackPossible } from '../domain/rollout.js';
import { EndRollout } from './end-rollout.js';
import { PLACEMENT_STORE, type PlacementStore, ROLLOUT_STORE, type RolloutStore } from './ports.js';

/** A person takes a rollout back. */
@Injectable()
export class RollBack {
  constructor(
    private readonly work: UnitOfWork,
    private readonly endRollout: EndRollout,
    @Inject(ROLLOUT_STORE) private readonly rollouts: RolloutStore,
    @Inject(PLACEMENT_STORE) private readonly placements: PlacementStore,
  ) {}

  /** @throws {ProblemError} `deployer.rollout_not_found`, `deployer.nothing_to_roll_back`. */
  async execute(ctx: RequestContext, rolloutId: string, reason: string): Promise<Owned<Rollout>> {
    return this.work.run(ctx, async (tx) => {
      const { environment, target } = await this.find(tx, rolloutId);
      const placement = await this.placements.findForUpdate(tx, environment, target.modelName);
      const rollout = await this.find(tx, rolloutId); // as it is now that nobody else can change it
      const isTried = placement?.candidate?.rolloutId === rolloutId;
      assertRollbackPossible(rollout, isTried ? rolloutId : placement?.rolloutId);
      const ended = await this.endRollout.takeBack(tx, rollout, 'rolled-back', `${ctx.principal.id}: ${reason}`);
      return { ...ended, tenantId: ctx.tenantId };
    });
  }

  private async find(tx: Tx, rolloutId: string): Promise<Rollout> {
    const rollout = await this.rollouts.find(tx, rolloutId);
    if (!rollout)
      throw deployerProblem('not-found', 'rollout_not_found', `tenant ${tx.tenantId} has no rollout '${rolloutId}'`);
    return rollout;
  }
}
