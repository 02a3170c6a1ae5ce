import type { Clock } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { changePlacement } from './change-placement.js';
import { CLOCK, COST_STORE, type CostStore, PLACEMENT_STORE, type PlacementStore } from './ports.js';

const PAGE_SIZE = 100;

/** Takes every model of a tenant out of service. */
@Injectable()
export class RemovePlacements {
  constructor(
    @Inject(PLACEMENT_STORE) private readonly placements: PlacementStore,
    @Inject(COST_STORE) private readonly costs: CostStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(tx: Tx): Promise<void> {
    let pageToken: string | undefined;
    do {
      const filter = { environment: undefined, modelName: undefined, pageSize: PAGE_SIZE, pageToken };
      const page = await this.placements.list(tx, filter);
      for (const { environment, served } of page.items) await this.remove(tx, environment, served.modelName);
      pageToken = page.nextPageToken ?? undefined;
    } while (pageToken !== undefined);
  }

  private async remove(tx: Tx, ...[environment, modelName]: PlacementName): Promise<void> {
    const current = await this.placements.findForUpdate(tx, environment, modelName);
    if (current?.status !== 'active') return;
    const change = { environment, next: null, rolloutId: current.rolloutId, nowMs: this.clock.nowMs() };
    await changePlacement(tx, { placements: this.placements, costs: this.costs }, current, change);
  }
}

type PlacementName = [
  environment: Parameters<PlacementStore['findForUpdate']>[1],
  modelName: Parameters<PlacementStore['findForUpdate']>[2],
];
