import { type Clock, newId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { EnvironmentName } from '../domain/environment.js';
import type { ServedVersion } from '../domain/placement.js';
import type { Rollout } from '../domain/rollout.js';
import { announceRollout, changePlacement } from './change-placement.js';
import { CLOCK, PLACEMENT_STORE, type PlacementStore, ROLLOUT_STORE, type RolloutStore } from './ports.js';

export interface RolloutOrder {
  readonly environment: EnvironmentName;
  readonly promotionId: string;
  readonly target: ServedVersion;
}

/** Places an approved version; a promotion is rolled out once, however often it is told. */
@Injectable()
export class StartRollout {
  constructor(
    @Inject(ROLLOUT_STORE) private readonly rollouts: RolloutStore,
    @Inject(PLACEMENT_STORE) private readonly placements: PlacementStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(tx: Tx, order: RolloutOrder): Promise<Rollout> {
    const known = await this.rollouts.findByPromotion(tx, order.promotionId);
    if (known) return known;
    const current = await this.placements.findForUpdate(tx, order.environment, order.target.modelName);
    const nowMs = this.clock.nowMs();
    const rolloutId = newId('rol', this.clock);
    const placement = await changePlacement(tx, this.placements, current, {
      environment: order.environment,
      next: order.target,
      rolloutId,
      nowMs,
    });
    const rollout: Rollout = {
      rolloutId,
      environment: order.environment,
      promotionId: order.promotionId,
      target: order.target,
      previous: current?.status === 'active' ? current.served : null,
      generation: placement.generation,
      status: 'progressing',
      reason: '',
      createdAt: new Date(nowMs),
      endedAt: null,
    };
    await this.rollouts.insert(tx, rollout);
    await announceRollout(tx, rollout);
    return rollout;
  }
}
