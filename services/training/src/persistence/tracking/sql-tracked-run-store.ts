import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { Found, NewTrackedRun, Search, TrackedRunStore } from '../../application/tracking/ports.js';
import type { RunStatus } from '../../domain/job.js';
import type { LifecycleStage, TrackedRun, TrackedRunInfo } from '../../domain/tracking.js';
import { searchRows } from './mlflow-search.js';
import { loadRunData } from './run-data.js';
import { runFields, runOrder } from './run-fields.js';

interface InfoRecord {
  run_id: string;
  run_name: string;
  experiment_id: string;
  user_id: string;
  status: RunStatus;
  started_at: Date;
  ended_at: Date | null;
  artifact_location: string;
  lifecycle_stage: LifecycleStage;
  job_id: string | null;
}

const toInfo = (row: InfoRecord): TrackedRunInfo => ({
  runId: row.run_id,
  runName: row.run_name,
  experimentId: row.experiment_id,
  userId: row.user_id,
  status: row.status,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  artifactUri: `${row.artifact_location}/${row.run_id}/artifacts`,
  lifecycleStage: row.lifecycle_stage,
  jobId: row.job_id,
});

/** Runs of no experiment count as the default one's. */
const SELECT = `
  SELECT r.run_id, r.run_name, coalesce(r.experiment_id, '0') AS experiment_id, r.user_id, r.status, coalesce(r.started_at, r.created_at) AS started_at, r.ended_at,
    r.lifecycle_stage, r.job_id, coalesce(e.artifact_location, 'mlflow-artifacts:/' || coalesce(r.experiment_id, '0')) AS artifact_location
  FROM run AS r LEFT JOIN experiment AS e ON e.tenant_id = r.tenant_id AND e.experiment_id = r.experiment_id
  WHERE r.tenant_id = $1`;

@Injectable()
export class SqlTrackedRunStore implements TrackedRunStore {
  async insert(tx: Tx, { runId, runName, experiment, userId, createdAt, startedAt }: NewTrackedRun): Promise<void> {
    await tx.query(
      `INSERT INTO run (tenant_id, run_id, experiment, experiment_id, run_name, user_id, status, reason, parameters, inputs, metrics, created_at, started_at)
       VALUES ($1, $2, $3, $4, $5, $6, 'running', '', '{}', '[]', '{}', $7, $8)`,
      [tx.tenantId, runId, experiment.name, experiment.experimentId, runName, userId, createdAt, startedAt],
    );
  }

  async find(tx: Tx, runId: string): Promise<TrackedRunInfo | undefined> {
    const [row] = await tx.query<InfoRecord>(`${SELECT} AND r.run_id = $2`, [tx.tenantId, runId]);
    return row && toInfo(row);
  }

  dataOf(tx: Tx, infos: readonly TrackedRunInfo[]): Promise<readonly TrackedRun[]> {
    return infos.length === 0 ? Promise.resolve([]) : loadRunData(tx, infos);
  }

  async search(tx: Tx, experimentIds: readonly string[], search: Search): Promise<Found<TrackedRunInfo>> {
    const { items, nextPageToken } = await searchRows<InfoRecord>(tx, search, {
      select: `${SELECT} AND r.experiment_id = ANY ($2)`,
      values: [tx.tenantId, experimentIds],
      fields: runFields,
      orderOf: runOrder,
      ties: 'r.started_at DESC, r.run_id',
      stage: 'r.lifecycle_stage',
    });
    return { items: items.map(toInfo), nextPageToken };
  }

  async update(
    tx: Tx,
    runId: string,
    { status, endedAt, runName }: Parameters<TrackedRunStore['update']>[2],
  ): Promise<void> {
    await tx.query(
      `UPDATE run SET status = coalesce($3, status), ended_at = CASE WHEN $4 THEN $5 ELSE ended_at END, run_name = coalesce($6, run_name)
       WHERE tenant_id = $1 AND run_id = $2`,
      [tx.tenantId, runId, status ?? null, endedAt !== undefined, endedAt ?? null, runName ?? null],
    );
  }

  async moveTo(tx: Tx, runId: string, stage: LifecycleStage): Promise<void> {
    const sql = 'UPDATE run SET lifecycle_stage = $3 WHERE tenant_id = $1 AND run_id = $2';
    await tx.query(sql, [tx.tenantId, runId, stage]);
  }
}
