import type { Owned, Page, PageRequest, TenantId } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { JobStore } from '../application/ports.js';
import type { Job } from '../domain/job.js';

type JobSpec = Pick<Job, 'limits' | 'source' | 'parameters' | 'features' | 'label'>;

interface JobRecord {
  tenant_id: TenantId;
  job_id: string;
  fleet_run_id: string | null;
  status: Job['status'];
  reason: string;
  attempt: number;
  is_cancel_requested: boolean;
  spec: JobSpec;
  created_by: string;
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
}

function toJob(row: JobRecord): Owned<Job> {
  return {
    ...row.spec,
    tenantId: row.tenant_id,
    jobId: row.job_id,
    fleetRunId: row.fleet_run_id,
    status: row.status,
    reason: row.reason,
    attempt: row.attempt,
    isCancelRequested: row.is_cancel_requested,
    createdBy: row.created_by,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

const CLAIM = `
  UPDATE job SET status = 'running', attempt = attempt + 1, heartbeat_at = $1, started_at = coalesce(started_at, $1)
  WHERE (tenant_id, job_id) = (
    SELECT tenant_id, job_id FROM job WHERE status = 'queued' OR (status = 'running' AND heartbeat_at < $2)
    ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING *`;

@Injectable()
export class SqlJobStore implements JobStore {
  async insert(tx: Tx, job: Owned<Job>): Promise<void> {
    const { limits, source, parameters, features, label } = job;
    await tx.query(
      'INSERT INTO job (tenant_id, job_id, fleet_run_id, status, reason, attempt, spec, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      [
        job.tenantId,
        job.jobId,
        job.fleetRunId,
        job.status,
        job.reason,
        job.attempt,
        JSON.stringify({ limits, source, parameters, features, label }),
        job.createdBy,
        job.createdAt,
      ],
    );
  }

  async find(tx: Tx, jobId: string): Promise<Owned<Job> | undefined> {
    const [row] = await tx.query<JobRecord>('SELECT * FROM job WHERE job_id = $1 FOR UPDATE', [jobId]);
    return row && toJob(row);
  }

  async list(tx: Tx, filter: PageRequest & { readonly status: Job['status'] | undefined }): Promise<Page<Owned<Job>>> {
    const rows = await tx.query<JobRecord>(
      'SELECT * FROM job WHERE ($1::text IS NULL OR job_id < $1) AND ($2::text IS NULL OR status = $2) ORDER BY job_id DESC LIMIT $3',
      [startOf(filter), filter.status ?? null, filter.pageSize + 1],
    );
    return pageOfRows(rows, filter, toJob, ({ jobId }) => jobId);
  }

  async ofFleetRun(tx: Tx, fleetRunId: string): Promise<readonly Owned<Job>[]> {
    const rows = await tx.query<JobRecord>('SELECT * FROM job WHERE fleet_run_id = $1 ORDER BY job_id', [fleetRunId]);
    return rows.map(toJob);
  }

  async update(tx: Tx, job: Owned<Job>): Promise<void> {
    await tx.query('UPDATE job SET status = $3, reason = $4, ended_at = $5 WHERE tenant_id = $1 AND job_id = $2', [
      job.tenantId,
      job.jobId,
      job.status,
      job.reason,
      job.endedAt,
    ]);
  }

  async claim(tx: Tx, now: Date, staleBefore: Date): Promise<Owned<Job> | undefined> {
    const [row] = await tx.query<JobRecord>(CLAIM, [now, staleBefore]);
    return row && toJob(row);
  }

  async heartbeat(tx: Tx, job: Owned<Job>, now: Date): Promise<{ isCancelRequested: boolean } | undefined> {
    const [row] = await tx.query<{ is_cancel_requested: boolean }>(
      "UPDATE job SET heartbeat_at = $4 WHERE tenant_id = $1 AND job_id = $2 AND attempt = $3 AND status = 'running' RETURNING is_cancel_requested",
      [job.tenantId, job.jobId, job.attempt, now],
    );
    return row && { isCancelRequested: row.is_cancel_requested };
  }

  async requestCancel(tx: Tx, jobId: string): Promise<void> {
    await tx.query("UPDATE job SET is_cancel_requested = true WHERE job_id = $1 AND status IN ('queued', 'running')", [
      jobId,
    ]);
  }
}
