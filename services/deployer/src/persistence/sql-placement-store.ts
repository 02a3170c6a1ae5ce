import type { Owned, Page, TenantId } from '@myriad/kernel';
import { type Tx, decodeCursor, pageOfRows } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { PlacementFilter, PlacementStore } from '../application/ports.js';
import type { EnvironmentName } from '../domain/environment.js';
import type { Candidate, Placement, ServedVersion } from '../domain/placement.js';

interface PlacementRecord {
  tenant_id: TenantId;
  environment: EnvironmentName;
  model_name: string;
  generation: number;
  status: 'active' | 'removed';
  served: ServedVersion;
  rollout_id: string;
  candidate: Candidate | null;
  changed_at: Date;
}

function toPlacement(row: PlacementRecord): Owned<Placement> {
  return {
    tenantId: row.tenant_id,
    environment: row.environment,
    generation: row.generation,
    status: row.status,
    served: row.served,
    rolloutId: row.rollout_id,
    candidate: row.candidate,
    changedAt: row.changed_at,
  };
}

@Injectable()
export class SqlPlacementStore implements PlacementStore {
  async findForUpdate(tx: Tx, environment: EnvironmentName, modelName: string): Promise<Placement | undefined> {
    // the lock on a name that may not exist yet: two first rollouts of a model wait for each other too
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `placement/${tx.tenantId}/${environment}/${modelName}`,
    ]);
    const [row] = await tx.query<PlacementRecord>(
      'SELECT * FROM placement WHERE tenant_id = $1 AND environment = $2 AND model_name = $3',
      [tx.tenantId, environment, modelName],
    );
    return row && toPlacement(row);
  }

  async save(tx: Tx, placement: Placement): Promise<void> {
    await tx.query(
      `INSERT INTO placement (tenant_id, environment, model_name, generation, status, served, pool, rollout_id, changed_at, candidate) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (tenant_id, environment, model_name)
       DO UPDATE SET generation = excluded.generation, status = excluded.status, served = excluded.served, pool = excluded.pool, rollout_id = excluded.rollout_id, changed_at = excluded.changed_at, candidate = excluded.candidate`,
      [
        tx.tenantId,
        placement.environment,
        placement.served.modelName,
        placement.generation,
        placement.status,
        JSON.stringify(placement.served),
        placement.served.pool,
        placement.rolloutId,
        placement.changedAt,
        placement.candidate && JSON.stringify(placement.candidate),
      ],
    );
  }

  async list(tx: Tx, filter: PlacementFilter): Promise<Page<Owned<Placement>>> {
    const after = filter.pageToken === undefined ? [null, null, null] : decodeCursor(filter.pageToken);
    const rows = await tx.query<PlacementRecord>(
      `SELECT * FROM placement
       WHERE ($1::text IS NULL OR (tenant_id, environment, model_name) > ($1, $2, $3)) AND ($4::text IS NULL OR environment = $4) AND ($5::text IS NULL OR model_name = $5)
       ORDER BY tenant_id, environment, model_name LIMIT $6`,
      [...after, filter.environment ?? null, filter.modelName ?? null, filter.pageSize + 1],
    );
    return pageOfRows(rows, filter, toPlacement, (item) => [item.tenantId, item.environment, item.served.modelName]);
  }

  async countActive(tx: Tx): Promise<readonly { environment: EnvironmentName; pool: string; count: number }[]> {
    return tx.query<{ environment: EnvironmentName; pool: string; count: number }>(
      "SELECT environment, pool, count(*)::int AS count FROM placement WHERE status = 'active' GROUP BY environment, pool ORDER BY environment, pool",
      [],
    );
  }
}
