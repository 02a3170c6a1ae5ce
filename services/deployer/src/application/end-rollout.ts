import type { Clock } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { EnvironmentName } from '../domain/environment.js';
import { type Rollout, moveRollout } from '../domain/rollout.js';
import { announceRollout, changePlacement } from './change-placement.js';
import {
  CLOCK,
  COST_STORE,
  type CostStore,
  PLACEMENT_STORE,
  type PlacementStore,
  ROLLOUT_STORE,
  type RolloutStore,
} from './ports.js';

/** What a replica says of a placed version. */
export interface ModelReport {
  readonly environment: EnvironmentName;
  readonly modelName: string;
  readonly generation: number;
  readonly state: 'ready' | 'failed' | 'unloaded';
  readonly reason: string;
  readonly replicaId: string;
}

/** Ends rollouts: completed when a replica serves the version, failed or rolled back with the version before put back. */
@Injectable()
export class EndRollout {
  constructor(
    @Inject(ROLLOUT_STORE) private readonly rollouts: RolloutStore,
    @Inject(PLACEMENT_STORE) private readonly placements: PlacementStore,
    @Inject(COST_STORE) private readonly costs: CostStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Reports of an older generation, and of placements whose rollout has ended, change nothing. */
  async onReport(tx: Tx, report: ModelReport): Promise<void> {
    if (report.state === 'unloaded') return;
    const placement = await this.placements.findForUpdate(tx, report.environment, report.modelName);
    if (placement?.generation !== report.generation) return;
    const rollout = await this.rollouts.find(tx, placement.rolloutId);
    if (rollout?.status !== 'progressing' || rollout.generation !== report.generation) return;
    if (report.state === 'ready') await this.end(tx, rollout, 'completed', `${report.replicaId} serves it`);
    else await this.takeBack(tx, rollout, 'failed', `${report.replicaId}: ${report.reason}`);
  }

  /** Puts the version before back (or removes the placement) and ends the rollout. */
  async takeBack(tx: Tx, rollout: Rollout, status: 'failed' | 'rolled-back', reason: string): Promise<Rollout> {
    const current = await this.placements.findForUpdate(tx, rollout.environment, rollout.target.modelName);
    if (current?.rolloutId === rollout.rolloutId) {
      // the placement names the rollout that put the version there, which a person may take back in turn
      const before = rollout.previous === null ? undefined : await this.rollouts.completedBefore(tx, rollout);
      await changePlacement(tx, { placements: this.placements, costs: this.costs }, current, {
        environment: rollout.environment,
        next: rollout.previous,
        rolloutId: before?.rolloutId ?? rollout.rolloutId,
        nowMs: this.clock.nowMs(),
      });
    }
    return this.end(tx, rollout, status, reason);
  }

  private async end(
    tx: Tx,
    rollout: Rollout,
    status: 'completed' | 'failed' | 'rolled-back',
    reason: string,
  ): Promise<Rollout> {
    const ended = moveRollout(rollout, status, reason, this.clock.nowMs());
    await this.rollouts.update(tx, ended);
    await announceRollout(tx, ended);
    return ended;
  }
}
