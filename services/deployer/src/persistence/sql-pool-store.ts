import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { PoolState, PoolStore } from '../application/ports.js';

interface PoolRecord {
  environment: PoolState['environment'];
  pool: string;
  status: PoolState['status'];
  replicas: PoolState['replicas'];
  reason: string;
  generation: number;
  changed_at: Date;
}

@Injectable()
export class SqlPoolStore implements PoolStore {
  async all(tx: Tx): Promise<readonly PoolState[]> {
    const rows = await tx.query<PoolRecord>('SELECT * FROM pool ORDER BY environment, pool', []);
    return rows.map(({ environment, pool, status, replicas, reason, generation, changed_at: changedAt }) => ({
      environment,
      pool,
      status,
      replicas,
      reason,
      generation,
      changedAt,
    }));
  }

  async save(tx: Tx, pool: PoolState): Promise<void> {
    await tx.query(
      `INSERT INTO pool (tenant_id, environment, pool, status, replicas, reason, generation, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (tenant_id, environment, pool) DO UPDATE SET status = excluded.status, replicas = excluded.replicas, reason = excluded.reason, generation = excluded.generation, changed_at = excluded.changed_at`,
      [
        tx.tenantId,
        pool.environment,
        pool.pool,
        pool.status,
        JSON.stringify(pool.replicas),
        pool.reason,
        pool.generation,
        pool.changedAt,
      ],
    );
  }
}
