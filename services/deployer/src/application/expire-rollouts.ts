import { type Clock, systemContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { isOverdue } from '../domain/rollout.js';
import { EndRollout } from './end-rollout.js';
import {
  CLOCK,
  PLACEMENT_STORE,
  type PlacementStore,
  ROLLOUT_STORE,
  ROLLOUT_TIMEOUT_MS,
  type RolloutStore,
} from './ports.js';

const PER_ROUND = 200;

/** Fails the rollouts that no replica confirmed in time, and puts back what was served before. */
@Injectable()
export class ExpireRollouts {
  constructor(
    private readonly work: UnitOfWork,
    private readonly endRollout: EndRollout,
    @Inject(ROLLOUT_STORE) private readonly rollouts: RolloutStore,
    @Inject(PLACEMENT_STORE) private readonly placements: PlacementStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ROLLOUT_TIMEOUT_MS) private readonly timeoutMs: number,
  ) {}

  /** Returns how many were failed. */
  async execute(): Promise<number> {
    const startedBefore = new Date(this.clock.nowMs() - this.timeoutMs);
    const overdue = await this.work.runAcrossTenants('deployer: find overdue rollouts', (tx) =>
      this.rollouts.progressing(tx, startedBefore, PER_ROUND),
    );
    let failed = 0;
    for (const { tenantId, rolloutId, environment, target } of overdue) {
      await this.work.run(systemContext('deployer', tenantId), async (tx) => {
        await this.placements.findForUpdate(tx, environment, target.modelName); // a replica's report waits, or was first
        const rollout = await this.rollouts.find(tx, rolloutId);
        if (!rollout || !isOverdue(rollout, this.clock.nowMs(), this.timeoutMs)) return;
        await this.endRollout.takeBack(tx, rollout, 'failed', `no replica served it within ${this.timeoutMs / 1000} s`);
        failed += 1;
      });
    }
    return failed;
  }
}
