import type { Digest, Owned, Page, PageRequest, TenantId } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { BatchJobStore, ClaimLimits, Progress } from '../application/ports.js';
import type { BatchJob, Shard, StoredFile } from '../domain/batch-job.js';

type Spec = Pick<BatchJob, 'environment' | 'model' | 'dataset' | 'outputFormat' | 'shardRows'>;

interface JobRecord {
  tenant_id: TenantId;
  batch_job_id: string;
  status: BatchJob['status'];
  reason: string;
  attempt: number;
  tries: number;
  is_cancel_requested: boolean;
  spec: Spec;
  shards: number | null;
  output: StoredFile | null;
  errors: StoredFile | null;
  created_by: string;
  created_at: Date;
  ended_at: Date | null;
}

function toJob(row: JobRecord): Owned<BatchJob> {
  return {
    ...row.spec,
    tenantId: row.tenant_id,
    batchJobId: row.batch_job_id,
    status: row.status,
    reason: row.reason,
    attempt: row.attempt,
    tries: row.tries,
    isCancelRequested: row.is_cancel_requested,
    shards: row.shards,
    output: row.output,
    errors: row.errors,
    createdBy: row.created_by,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

const CLAIM = `
  UPDATE batch_job SET status = 'running', attempt = attempt + 1, tries = tries + 1, heartbeat_at = $1
  WHERE (tenant_id, batch_job_id) = (
    SELECT tenant_id, batch_job_id FROM batch_job
    WHERE (status = 'queued' AND (tries = 0 OR heartbeat_at < $3)) OR (status = 'running' AND heartbeat_at < $2)
    ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING *`;

const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

@Injectable()
export class SqlBatchJobStore implements BatchJobStore {
  async insert(tx: Tx, job: BatchJob): Promise<void> {
    const { environment, model, dataset, outputFormat, shardRows } = job;
    await tx.query(
      'INSERT INTO batch_job (tenant_id, batch_job_id, status, reason, attempt, spec, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)',
      [
        tx.tenantId,
        job.batchJobId,
        job.status,
        job.reason,
        job.attempt,
        json({ environment, model, dataset, outputFormat, shardRows }),
        job.createdBy,
        job.createdAt,
      ],
    );
  }

  async update(tx: Tx, job: BatchJob): Promise<void> {
    await tx.query(
      'UPDATE batch_job SET status = $3, reason = $4, shards = $5, output = $6, errors = $7, ended_at = $8, tries = $9 WHERE tenant_id = $1 AND batch_job_id = $2',
      [
        tx.tenantId,
        job.batchJobId,
        job.status,
        job.reason,
        job.shards,
        json(job.output),
        json(job.errors),
        job.endedAt,
        job.tries,
      ],
    );
  }

  async find(tx: Tx, batchJobId: string): Promise<Owned<BatchJob> | undefined> {
    const [row] = await tx.query<JobRecord>('SELECT * FROM batch_job WHERE batch_job_id = $1 FOR UPDATE', [batchJobId]);
    return row && toJob(row);
  }

  async list(tx: Tx, page: PageRequest): Promise<Page<Owned<BatchJob>>> {
    const rows = await tx.query<JobRecord>(
      'SELECT * FROM batch_job WHERE ($1::text IS NULL OR batch_job_id < $1) ORDER BY batch_job_id DESC LIMIT $2',
      [startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toJob, ({ batchJobId }) => batchJobId);
  }

  async progress(tx: Tx, batchJobId: string): Promise<Progress> {
    const [row] = await tx.query<{ done: number; rows: string; errors: string }>(
      'SELECT count(*)::int AS done, coalesce(sum(row_count), 0) AS rows, coalesce(sum(row_errors), 0) AS errors FROM batch_shard WHERE batch_job_id = $1',
      [batchJobId],
    );
    return { shardsDone: row?.done ?? 0, rows: Number(row?.rows ?? 0), rowErrors: Number(row?.errors ?? 0) };
  }

  async requestCancel(tx: Tx, batchJobId: string): Promise<void> {
    await tx.query(
      "UPDATE batch_job SET is_cancel_requested = true WHERE batch_job_id = $1 AND status IN ('queued', 'running')",
      [batchJobId],
    );
  }

  async claim(tx: Tx, now: Date, due: ClaimLimits): Promise<Owned<BatchJob> | undefined> {
    const [row] = await tx.query<JobRecord>(CLAIM, [now, due.staleBefore, due.retryBefore]);
    return row && toJob(row);
  }

  async heartbeat(tx: Tx, job: Owned<BatchJob>, now: Date): Promise<{ isCancelRequested: boolean } | undefined> {
    const [row] = await tx.query<{ is_cancel_requested: boolean }>(
      "UPDATE batch_job SET heartbeat_at = $4 WHERE tenant_id = $1 AND batch_job_id = $2 AND attempt = $3 AND status = 'running' RETURNING is_cancel_requested",
      [job.tenantId, job.batchJobId, job.attempt, now],
    );
    return row && { isCancelRequested: row.is_cancel_requested };
  }

  async insertShard(tx: Tx, batchJobId: string, shard: Shard): Promise<boolean> {
    const rows = await tx.query(
      `INSERT INTO batch_shard (tenant_id, batch_job_id, shard, row_count, row_errors, output_digest, errors_digest) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT DO NOTHING RETURNING shard`,
      [tx.tenantId, batchJobId, shard.shard, shard.rows, shard.rowErrors, shard.outputDigest, shard.errorsDigest],
    );
    return rows.length > 0;
  }

  async shards(tx: Tx, batchJobId: string): Promise<readonly Shard[]> {
    const rows = await tx.query<{
      shard: number;
      row_count: number;
      row_errors: number;
      output_digest: Digest;
      errors_digest: Digest | null;
    }>('SELECT * FROM batch_shard WHERE batch_job_id = $1 ORDER BY shard', [batchJobId]);
    return rows.map((row) => ({
      shard: row.shard,
      rows: row.row_count,
      rowErrors: row.row_errors,
      outputDigest: row.output_digest,
      errorsDigest: row.errors_digest,
    }));
  }

  async findUnswept(tx: Tx, limit: number): Promise<readonly Owned<BatchJob>[]> {
    const rows = await tx.query<JobRecord>(
      "SELECT * FROM batch_job WHERE has_parts AND status IN ('succeeded', 'failed', 'cancelled') ORDER BY created_at LIMIT $1",
      [limit],
    );
    return rows.map(toJob);
  }

  async markSwept(tx: Tx, batchJobId: string): Promise<void> {
    await tx.query('UPDATE batch_job SET has_parts = false WHERE batch_job_id = $1', [batchJobId]);
  }
}
