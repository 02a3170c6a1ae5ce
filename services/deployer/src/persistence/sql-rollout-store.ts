import type { Owned, Page, TenantId } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { RolloutFilter, RolloutStore } from '../application/ports.js';
import type { EnvironmentName } from '../domain/environment.js';
import type { ServedVersion } from '../domain/placement.js';
import type { Rollout, RolloutStatus } from '../domain/rollout.js';

interface RolloutRecord {
  tenant_id: TenantId;
  rollout_id: string;
  environment: EnvironmentName;
  promotion_id: string | null;
  target: ServedVersion;
  previous: ServedVersion | null;
  trial: Rollout['trial'];
  generation: number;
  status: RolloutStatus;
  reason: string;
  created_at: Date;
  ended_at: Date | null;
}

function toRollout(row: RolloutRecord): Owned<Rollout> {
  return {
    tenantId: row.tenant_id,
    rolloutId: row.rollout_id,
    environment: row.environment,
    promotionId: row.promotion_id,
    target: row.target,
    previous: row.previous,
    trial: row.trial,
    generation: row.generation,
    status: row.status,
    reason: row.reason,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

const jsonOf = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));

@Injectable()
export class SqlRolloutStore implements RolloutStore {
  async insert(tx: Tx, rollout: Rollout): Promise<void> {
    await tx.query(
      `INSERT INTO rollout (tenant_id, rollout_id, environment, model_name, promotion_id, target, previous, generation, status, reason, created_at, ended_at, trial)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        tx.tenantId,
        rollout.rolloutId,
        rollout.environment,
        rollout.target.modelName,
        rollout.promotionId,
        JSON.stringify(rollout.target),
        jsonOf(rollout.previous),
        rollout.generation,
        rollout.status,
        rollout.reason,
        rollout.createdAt,
        rollout.endedAt,
        jsonOf(rollout.trial),
      ],
    );
  }

  async update(tx: Tx, rollout: Rollout): Promise<void> {
    await tx.query(
      'UPDATE rollout SET status = $3, reason = $4, ended_at = $5, previous = $6, trial = $7, generation = $8 WHERE tenant_id = $1 AND rollout_id = $2',
      [
        tx.tenantId,
        rollout.rolloutId,
        rollout.status,
        rollout.reason,
        rollout.endedAt,
        jsonOf(rollout.previous),
        jsonOf(rollout.trial),
        rollout.generation,
      ],
    );
  }

  async find(tx: Tx, rolloutId: string): Promise<Owned<Rollout> | undefined> {
    const [row] = await tx.query<RolloutRecord>('SELECT * FROM rollout WHERE rollout_id = $1', [rolloutId]);
    return row && toRollout(row);
  }

  async findByPromotion(tx: Tx, promotionId: string): Promise<Owned<Rollout> | undefined> {
    const [row] = await tx.query<RolloutRecord>('SELECT * FROM rollout WHERE promotion_id = $1', [promotionId]);
    return row && toRollout(row);
  }

  async completedBefore(tx: Tx, { environment, target, generation }: Rollout): Promise<Owned<Rollout> | undefined> {
    const [row] = await tx.query<RolloutRecord>(
      `SELECT * FROM rollout WHERE tenant_id = $1 AND environment = $2 AND model_name = $3 AND generation < $4 AND status = 'completed'
       ORDER BY generation DESC LIMIT 1`,
      [tx.tenantId, environment, target.modelName, generation],
    );
    return row && toRollout(row);
  }

  async list(tx: Tx, filter: RolloutFilter): Promise<Page<Owned<Rollout>>> {
    const rows = await tx.query<RolloutRecord>(
      `SELECT * FROM rollout
       WHERE ($1::text IS NULL OR rollout_id < $1) AND ($2::text IS NULL OR environment = $2) AND ($3::text IS NULL OR status = $3)
       ORDER BY rollout_id DESC LIMIT $4`,
      [startOf(filter), filter.environment ?? null, filter.status ?? null, filter.pageSize + 1],
    );
    return pageOfRows(rows, filter, toRollout, ({ rolloutId }) => rolloutId);
  }

  async progressing(tx: Tx, startedBefore: Date, limit: number): Promise<readonly Owned<Rollout>[]> {
    const rows = await tx.query<RolloutRecord>(
      "SELECT * FROM rollout WHERE status = 'progressing' AND created_at < $1 AND (trial->>'isConfirmed') IS DISTINCT FROM 'true' ORDER BY created_at LIMIT $2",
      [startedBefore, limit],
    );
    return rows.map(toRollout);
  }
}
