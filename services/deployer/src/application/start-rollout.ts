import { type Clock, newId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { EnvironmentName } from '../domain/environment.js';
import type { Placement, ServedVersion } from '../domain/placement.js';
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
    @Inject(COST_STORE) private readonly costs: CostStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(tx: Tx, order: RolloutOrder): Promise<Rollout> {
    const known = await this.rollouts.findByPromotion(tx, order.promotionId);
    if (known) return known;
    const current = await this.placements.findForUpdate(tx, order.environment, order.target.modelName);
    const nowMs = this.clock.nowMs();
    const rolloutId = newId('rol', this.clock);
    const previous = await this.confirmed(tx, current, rolloutId);
    const placement = await changePlacement(tx, { placements: this.placements, costs: this.costs }, current, {
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
      previous,
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

  /** What was served before, as far as a replica confirmed it: a rollout still under way is overtaken, and what was before it counts. */
  private async confirmed(tx: Tx, current: Placement | undefined, by: string): Promise<ServedVersion | null> {
    if (current?.status !== 'active') return null;
    const open = await this.rollouts.find(tx, current.rolloutId);
    if (open?.status !== 'progressing') return current.served;
    const overtaken = moveRollout(open, 'failed', `overtaken by ${by} before a replica served it`, this.clock.nowMs());
    await this.rollouts.update(tx, overtaken);
    await announceRollout(tx, overtaken);
    return open.previous;
  }
}
