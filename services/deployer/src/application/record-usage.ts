import type { Tx } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type CostKind, hourOf } from '../domain/cost.js';
import { COST_STORE, type CostStore } from './ports.js';

/** Adds what a tenant used to its ledger; the caller's inbox sees to it that a report counts once. */
@Injectable()
export class RecordUsage {
  constructor(@Inject(COST_STORE) private readonly costs: CostStore) {}

  async execute(tx: Tx, atMs: number, quantities: Partial<Record<CostKind, number>>): Promise<void> {
    for (const [kind, quantity] of Object.entries(quantities)) {
      if (quantity > 0) await this.costs.add(tx, { kind: kind as CostKind, hour: hourOf(atMs), quantity });
    }
  }
}
