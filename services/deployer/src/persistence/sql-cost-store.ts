import { type Tx, decodeCursor, encodeCursor } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { CostStore, Page, PageRequest } from '../application/ports.js';
import { COST_KINDS, type CostKind, type Usage } from '../domain/cost.js';

interface SumRecord {
  tenant_id: string;
  quantities: Partial<Record<CostKind, number>>;
}

/** An hour of a placed model is counted from the placements themselves: from its change until the end of the time asked for, or now. */
const SUMS = `
  WITH used AS (
    SELECT tenant_id, kind, sum(quantity) AS quantity FROM cost_hour WHERE hour >= $1 AND hour < $2 GROUP BY tenant_id, kind
    UNION ALL
    SELECT tenant_id, 'model-hours', sum(extract(epoch FROM least($2, now()) - greatest($1, changed_at)) / 3600)
    FROM placement WHERE status = 'active' AND changed_at < least($2, now()) GROUP BY tenant_id
  )
  SELECT tenant_id, jsonb_object_agg(kind, quantity) AS quantities FROM used WHERE ($3::text IS NULL OR tenant_id > $3) GROUP BY tenant_id ORDER BY tenant_id LIMIT $4`;

@Injectable()
export class SqlCostStore implements CostStore {
  async add(tx: Tx, usage: Usage): Promise<void> {
    await tx.query(
      `INSERT INTO cost_hour (tenant_id, hour, kind, quantity) VALUES ($1, $2, $3, $4)
       ON CONFLICT (tenant_id, hour, kind) DO UPDATE SET quantity = cost_hour.quantity + excluded.quantity`,
      [tx.tenantId, usage.hour, usage.kind, usage.quantity],
    );
  }

  async sum(
    tx: Tx,
    from: Date,
    to: Date,
    page: PageRequest,
  ): Promise<Page<{ tenantId: string; quantities: Record<CostKind, number> }>> {
    const after = page.pageToken === undefined ? null : (decodeCursor(page.pageToken)[0] ?? null);
    const rows = await tx.query<SumRecord>(SUMS, [from, to, after, page.pageSize + 1]);
    const items = rows.slice(0, page.pageSize).map((row) => ({
      tenantId: row.tenant_id,
      quantities: Object.fromEntries(COST_KINDS.map((kind) => [kind, row.quantities[kind] ?? 0])) as Record<
        CostKind,
        number
      >,
    }));
    const last = items.at(-1);
    return { items, nextPageToken: rows.length > page.pageSize && last ? encodeCursor([last.tenantId]) : undefined };
  }
}
