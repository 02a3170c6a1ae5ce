import type { Digest, Page } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { RunFilter, RunStore } from '../application/ports.js';
import type { Run, RunCounts, RunInput, RunStatus } from '../domain/job.js';

interface RunRecord {
  tenant_id: string;
  run_id: string;
  job_id: string | null;
  fleet_run_id: string | null;
  experiment: string | null;
  application: string | null;
  model_name: string | null;
  status: RunStatus;
  reason: string;
  parameters: Record<string, unknown>;
  inputs: RunInput[];
  metrics: Record<string, number>;
  /** The newest values of what was logged point by point; only where it was asked for. */
  latest?: Record<string, number> | null;
  artifact_digest: Digest | null;
  parity_digest: Digest | null;
  duration_ms: number | null;
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
}

function toRun(row: RunRecord): Run {
  return {
    runId: row.run_id,
    tenantId: row.tenant_id,
    jobId: row.job_id,
    fleetRunId: row.fleet_run_id,
    experiment: row.experiment,
    application: row.application,
    modelName: row.model_name,
    status: row.status,
    reason: row.reason,
    parameters: row.parameters,
    inputs: row.inputs,
    metrics: { ...row.metrics, ...row.latest },
    artifactDigest: row.artifact_digest,
    parityDigest: row.parity_digest,
    durationMs: row.duration_ms,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

const INSERT = `
  INSERT INTO run (tenant_id, run_id, job_id, fleet_run_id, experiment, application, model_name, status, reason, parameters, inputs, metrics, created_at, started_at, experiment_id)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, (SELECT experiment_id FROM experiment WHERE tenant_id = $1 AND name = $5))`;

/** With the newest metrics; JSON has no words for those that are no finite numbers. */
const SELECT = `
  SELECT run.*, (
    SELECT jsonb_object_agg(latest.name, latest.value) FROM run_latest_metric AS latest
    WHERE latest.tenant_id = run.tenant_id AND latest.run_id = run.run_id AND latest.value NOT IN ('NaN', 'Infinity', '-Infinity')
  ) AS latest FROM run`;

@Injectable()
export class SqlRunStore implements RunStore {
  async insert(tx: Tx, runs: readonly Run[]): Promise<void> {
    for (const run of runs)
      await tx.query(INSERT, [
        run.tenantId,
        run.runId,
        run.jobId,
        run.fleetRunId,
        run.experiment,
        run.application,
        run.modelName,
        run.status,
        run.reason,
        JSON.stringify(run.parameters),
        JSON.stringify(run.inputs),
        JSON.stringify(run.metrics),
        run.createdAt,
        run.startedAt,
      ]);
  }

  async update(tx: Tx, run: Run): Promise<void> {
    await tx.query(
      'UPDATE run SET status = $3, reason = $4, metrics = $5, artifact_digest = $6, duration_ms = $7, started_at = $8, ended_at = $9, parity_digest = $10 WHERE tenant_id = $1 AND run_id = $2',
      [
        run.tenantId,
        run.runId,
        run.status,
        run.reason,
        JSON.stringify(run.metrics),
        run.artifactDigest,
        run.durationMs,
        run.startedAt,
        run.endedAt,
        run.parityDigest,
      ],
    );
  }

  async find(tx: Tx, runId: string): Promise<Run | undefined> {
    const [row] = await tx.query<RunRecord>(`${SELECT} WHERE run_id = $1 FOR UPDATE OF run`, [runId]);
    return row && toRun(row);
  }

  async list(tx: Tx, filter: RunFilter): Promise<Page<Run>> {
    const rows = await tx.query<RunRecord>(
      `${SELECT} WHERE ($1::text IS NULL OR run_id < $1) AND ($2::text IS NULL OR experiment = $2) AND ($3::text IS NULL OR fleet_run_id = $3) ORDER BY run_id DESC LIMIT $4`,
      [startOf(filter), filter.experiment ?? null, filter.fleetRunId ?? null, filter.pageSize + 1],
    );
    return pageOfRows(rows, filter, toRun, ({ runId }) => runId);
  }

  async ofJob(tx: Tx, jobId: string): Promise<readonly Run[]> {
    return (await tx.query<RunRecord>('SELECT * FROM run WHERE job_id = $1 ORDER BY run_id', [jobId])).map(toRun);
  }

  async ofFleetRun(tx: Tx, fleetRunId: string): Promise<readonly Run[]> {
    return (
      await tx.query<RunRecord>('SELECT * FROM run WHERE fleet_run_id = $1 ORDER BY tenant_id', [fleetRunId])
    ).map(toRun);
  }

  async countFleetRun(tx: Tx, fleetRunId: string): Promise<RunCounts> {
    const rows = await tx.query<{ status: RunStatus; count: number }>(
      'SELECT status, count(*)::int AS count FROM run WHERE fleet_run_id = $1 GROUP BY status',
      [fleetRunId],
    );
    const counts = { total: 0, queued: 0, running: 0, succeeded: 0, inconclusive: 0, failed: 0, cancelled: 0 };
    for (const { status, count } of rows) {
      counts[status] = count;
      counts.total += count;
    }
    return counts;
  }

  async moveOpen(tx: Tx, jobId: string, status: 'queued' | 'running', now: Date): Promise<void> {
    await tx.query(
      "UPDATE run SET status = $2, started_at = CASE WHEN $2 = 'running' THEN coalesce(started_at, $3) ELSE started_at END WHERE job_id = $1 AND status IN ('queued', 'running')",
      [jobId, status, now],
    );
  }
}
