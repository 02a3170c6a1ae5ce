import type { Page, PageRequest } from '@myriad/kernel';
import { type Tx, decodeCursor, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { ExperimentStore, MetricPoint } from '../application/ports.js';
import type { Run } from '../domain/job.js';
import { addPoints } from './metric-points.js';

type Experiment = Parameters<ExperimentStore['insert']>[1];

interface ExperimentRecord {
  experiment_id: string;
  name: string;
  description: string;
  created_at: Date;
}

interface MetricRecord {
  name: string;
  value: number;
  step: string;
  timestamp_ms: string;
}

const toPoint = (row: MetricRecord): MetricPoint => ({
  name: row.name,
  value: row.value,
  step: Number(row.step),
  timestampMs: Number(row.timestamp_ms),
});

@Injectable()
export class SqlExperimentStore implements ExperimentStore {
  async insert(tx: Tx, experiment: Experiment): Promise<boolean> {
    const { experimentId, name, description, createdAt } = experiment;
    const rows = await tx.query(
      'INSERT INTO experiment (tenant_id, name, experiment_id, description, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, name) DO NOTHING RETURNING 1',
      [tx.tenantId, name, experimentId, description, createdAt],
    );
    return rows.length === 1;
  }

  async exists(tx: Tx, name: string): Promise<boolean> {
    return (await tx.query('SELECT 1 FROM experiment WHERE name = $1', [name])).length === 1;
  }

  async list(tx: Tx, page: PageRequest): Promise<Page<Experiment>> {
    const rows = await tx.query<ExperimentRecord>(
      'SELECT * FROM experiment WHERE ($1::text IS NULL OR name > $1) ORDER BY name LIMIT $2',
      [startOf(page), page.pageSize + 1],
    );
    return pageOfRows(
      rows,
      page,
      (row) => ({
        experimentId: row.experiment_id,
        name: row.name,
        description: row.description,
        createdAt: row.created_at,
      }),
      ({ name }) => name,
    );
  }

  async addMetrics(tx: Tx, run: Pick<Run, 'tenantId' | 'runId'>, points: readonly MetricPoint[]): Promise<void> {
    // a point of the same name, step and time replaces the one that is there
    const unique = [
      ...new Map(points.map((point) => [`${point.name}/${point.step}/${point.timestampMs}`, point])).values(),
    ];
    await tx.query(
      `DELETE FROM run_metric USING unnest($3::text[], $4::bigint[], $5::bigint[]) AS sent (name, step, timestamp_ms)
       WHERE tenant_id = $1 AND run_id = $2 AND run_metric.name = sent.name AND run_metric.step = sent.step AND run_metric.timestamp_ms = sent.timestamp_ms`,
      [
        run.tenantId,
        run.runId,
        unique.map(({ name }) => name),
        unique.map(({ step }) => step),
        unique.map(({ timestampMs }) => timestampMs),
      ],
    );
    await addPoints(tx, run, unique);
  }

  async metrics(
    tx: Tx,
    runId: string,
    filter: PageRequest & { readonly name: string | undefined },
  ): Promise<Page<MetricPoint>> {
    const after = filter.pageToken === undefined ? [null, null, null] : decodeCursor(filter.pageToken);
    const rows = await tx.query<MetricRecord>(
      `SELECT name, value, step, timestamp_ms FROM run_metric
       WHERE run_id = $1 AND ($2::text IS NULL OR name = $2) AND ($3::text IS NULL OR (name, step, timestamp_ms) > ($3, $4::bigint, $5::bigint))
       ORDER BY name, step, timestamp_ms LIMIT $6`,
      [runId, filter.name ?? null, ...after, filter.pageSize + 1],
    );
    return pageOfRows(rows, filter, toPoint, (item) => [item.name, item.step, item.timestampMs]);
  }
}
