import { type Clock, newId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { EnvironmentName } from '../domain/environment.js';
import { type Placement, type ServedVersion, type Trial, whyNotBeside } from '../domain/placement.js';
import { type Rollout, moveRollout } from '../domain/rollout.js';
import { EndRollout } from './end-rollout.js';
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
  /** Tries it beside the version that answers, where there is one. */
  readonly trial?: Trial | null | undefined;
}

type NamedOrder = Omit<RolloutOrder, 'trial'> & { readonly rolloutId: string };

/** Places an approved version; a promotion is rolled out once, however often it is told. */
@Injectable()
export class StartRollout {
  constructor(
    @Inject(ROLLOUT_STORE) private readonly rollouts: RolloutStore,
    @Inject(PLACEMENT_STORE) private readonly placements: PlacementStore,
    @Inject(COST_STORE) private readonly costs: CostStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly endRollout: EndRollout,
  ) {}

  async execute(tx: Tx, order: RolloutOrder): Promise<Rollout> {
    const known = await this.rollouts.findByPromotion(tx, order.promotionId);
    if (known) return known;
    const current = await this.placements.findForUpdate(tx, order.environment, order.target.modelName);
    const rolloutId = newId('rol', this.clock);
    if (current?.candidate) await this.endRollout.overtake(tx, current.candidate.rolloutId, rolloutId);
    const rollout =
      order.trial && current?.status === 'active'
        ? await this.try(tx, { ...order, trial: order.trial, rolloutId }, current)
        : await this.replace(tx, { ...order, rolloutId }, current);
    await this.rollouts.insert(tx, rollout);
    await announceRollout(tx, rollout);
    return rollout;
  }

  private async replace(tx: Tx, order: NamedOrder, current: Placement | undefined): Promise<Rollout> {
    const { environment, target, rolloutId } = order;
    const previous = await this.confirmed(tx, current, rolloutId);
    const change = { environment, next: target, rolloutId, nowMs: this.clock.nowMs() };
    const { generation } = await changePlacement(tx, this.parts, current, change);
    return this.begun(order, { previous, trial: null, generation });
  }

  /** Beside a version that it can't stand in for, the rollout fails at once. */
  private async try(tx: Tx, order: NamedOrder & { readonly trial: Trial }, current: Placement): Promise<Rollout> {
    const { environment, target, trial, rolloutId } = order;
    const reason = whyNotBeside(target, current.served);
    const candidate = reason === undefined ? { ...trial, target, rolloutId } : null;
    const change = {
      environment,
      next: current.served,
      rolloutId: current.rolloutId,
      candidate,
      nowMs: this.clock.nowMs(),
    };
    const { generation } = await changePlacement(tx, this.parts, current, change);
    const rollout = this.begun(order, {
      previous: current.served,
      trial: { ...trial, isConfirmed: false },
      generation,
    });
    return reason === undefined ? rollout : moveRollout(rollout, 'failed', reason, this.clock.nowMs());
  }

  private begun(
    { environment, promotionId, target, rolloutId }: NamedOrder,
    more: Pick<Rollout, 'previous' | 'trial' | 'generation'>,
  ): Rollout {
    return {
      ...{ rolloutId, environment, promotionId, target },
      status: 'progressing',
      reason: '',
      createdAt: new Date(this.clock.nowMs()),
      endedAt: null,
      ...more,
    };
  }

  private get parts(): Parameters<typeof changePlacement>[1] {
    return { placements: this.placements, costs: this.costs };
  }

  /** What was served before, as far as a replica confirmed it: a rollout still under way is overtaken, and what was before it counts. */
  private async confirmed(tx: Tx, current: Placement | undefined, by: string): Promise<ServedVersion | null> {
    if (current?.status !== 'active') return null;
    const open = await this.rollouts.find(tx, current.rolloutId);
    if (open?.status !== 'progressing') return current.served;
    await this.endRollout.overtake(tx, open.rolloutId, by);
    return open.previous;
  }
}
