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
  readonly versionId: string;
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
    const isTried = placement.candidate?.target.versionId === report.versionId;
    const rollout = await this.rollouts.find(tx, isTried ? placement.candidate.rolloutId : placement.rolloutId);
    if (rollout?.status !== 'progressing') return;
    if (report.state === 'ready' && rollout.trial !== null) await this.confirm(tx, rollout, report.replicaId);
    else if (report.state === 'ready') await this.end(tx, rollout, 'completed', `${report.replicaId} serves it`);
    else await this.takeBack(tx, rollout, 'failed', `${report.replicaId}: ${report.reason}`);
  }

  /** Puts the version before back (or removes the placement) and ends the rollout. */
  async takeBack(tx: Tx, rollout: Rollout, status: 'failed' | 'rolled-back', reason: string): Promise<Rollout> {
    const current = await this.placements.findForUpdate(tx, rollout.environment, rollout.target.modelName);
    const parts = { placements: this.placements, costs: this.costs };
    const { environment } = rollout;
    const nowMs = this.clock.nowMs();
    if (current?.candidate?.rolloutId === rollout.rolloutId) {
      const change = { environment, next: current.served, rolloutId: current.rolloutId, nowMs };
      await changePlacement(tx, parts, current, change);
    } else if (current?.rolloutId === rollout.rolloutId) {
      // the placement names the rollout that put the version there, which a person may take back in turn
      const before = rollout.previous === null ? undefined : await this.rollouts.completedBefore(tx, rollout);
      if (current.candidate !== null) await this.overtake(tx, current.candidate.rolloutId, rollout.rolloutId);
      await changePlacement(tx, parts, current, {
        environment,
        next: rollout.previous,
        rolloutId: before?.rolloutId ?? rollout.rolloutId,
        nowMs,
      });
    }
    return this.end(tx, rollout, status, reason);
  }

  /** Ends a rollout that another one makes needless. */
  async overtake(tx: Tx, rolloutId: string, by: string): Promise<void> {
    const open = await this.rollouts.find(tx, rolloutId);
    if (open?.status !== 'progressing') return;
    await this.end(
      tx,
      open,
      'failed',
      `overtaken by ${by} before ${open.trial ? 'it was promoted' : 'a replica served it'}`,
    );
  }

  /** The version is in memory; people decide when it takes over. */
  private async confirm(tx: Tx, rollout: Rollout, replicaId: string): Promise<void> {
    if (rollout.trial === null || rollout.trial.isConfirmed) return;
    const trial = { ...rollout.trial, isConfirmed: true };
    await this.rollouts.update(tx, { ...rollout, trial, reason: `${replicaId} tries it` });
  }

  async end(
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
