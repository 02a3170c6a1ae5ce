import type { Page, PageRequest } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { CostStore } from '../application/ports.js';
import { COST_KINDS, type CostKind, type Usage } from '../domain/cost.js';

interface SumRecord {
  tenant_id: string;
  quantities: Partial<Record<CostKind, number>>;
}

/** Hours of models that are placed are counted from the placements, to the end of the time asked for or now; they come into the ledger with the next change. */
const SUMS = `
  WITH used AS (
    SELECT tenant_id, kind, sum(quantity) AS quantity FROM cost_hour WHERE hour >= $1 AND hour < $2 GROUP BY tenant_id, kind
    UNION ALL
    SELECT tenant_id, 'model-hours', sum(extract(epoch FROM least($2, $5::timestamptz) - greatest($1, changed_at)) / 3600)
    FROM placement WHERE status = 'active' AND greatest($1, changed_at) < least($2, $5::timestamptz) GROUP BY tenant_id
  ), summed AS (SELECT tenant_id, kind, sum(quantity) AS quantity FROM used GROUP BY tenant_id, kind)
  SELECT tenant_id, jsonb_object_agg(kind, quantity) AS quantities FROM summed WHERE ($3::text IS NULL OR tenant_id > $3) GROUP BY tenant_id ORDER BY tenant_id LIMIT $4`;

@Injectable()
export class SqlCostStore implements CostStore {
  async add(tx: Tx, usage: Usage): Promise<void> {
    await tx.query(
      `INSERT INTO cost_hour (tenant_id, hour, kind, quantity) VALUES ($1, $2, $3, $4)
       ON CONFLICT (tenant_id, hour, kind) DO UPDATE SET quantity = cost_hour.quantity + excluded.quantity`,
      [tx.tenantId, usage.hour, usage.kind, usage.quantity],
    );
  }

  async addModelHours(tx: Tx, from: Date, until: Date): Promise<void> {
    await tx.query(
      `INSERT INTO cost_hour (tenant_id, hour, kind, quantity)
       SELECT $1, hour, 'model-hours', extract(epoch FROM least($3, hour + interval '1 hour') - greatest($2, hour)) / 3600
       FROM generate_series(date_trunc('hour', $2::timestamptz, 'UTC'), $3::timestamptz, interval '1 hour') hour WHERE hour < $3
       ON CONFLICT (tenant_id, hour, kind) DO UPDATE SET quantity = cost_hour.quantity + excluded.quantity`,
      [tx.tenantId, from, until],
    );
  }

  async sum(
    tx: Tx,
    { from, to, now }: { readonly from: Date; readonly to: Date; readonly now: Date },
    page: PageRequest,
  ): Promise<Page<{ tenantId: string; quantities: Record<CostKind, number> }>> {
    const rows = await tx.query<SumRecord>(SUMS, [from, to, startOf(page), page.pageSize + 1, now]);
    return pageOfRows(
      rows,
      page,
      (row) => ({
        tenantId: row.tenant_id,
        quantities: Object.fromEntries(COST_KINDS.map((kind) => [kind, row.quantities[kind] ?? 0])) as Record<
          CostKind,
          number
        >,
      }),
      ({ tenantId }) => tenantId,
    );
  }
}
