import type { Tx } from '@myriad/persistence';

/** A point of a metric; `value` may be NaN or infinite. */
export interface Point {
  readonly name: string;
  readonly value: number;
  readonly step: number;
  readonly timestampMs: number;
}

/** One statement: every point that is new, and of each metric the newest one, by step, then time, then value. */
const ADD = `
  WITH sent AS (SELECT * FROM unnest($3::text[], $4::float8[], $5::bigint[], $6::bigint[]) AS point (name, value, step, timestamp_ms)),
  kept AS (
    INSERT INTO run_metric (tenant_id, run_id, name, step, timestamp_ms, value)
    SELECT $1, $2, name, step, timestamp_ms, value FROM sent ON CONFLICT DO NOTHING
  )
  INSERT INTO run_latest_metric AS latest (tenant_id, run_id, name, value, step, timestamp_ms)
  SELECT DISTINCT ON (name) $1, $2, name, value, step, timestamp_ms FROM sent ORDER BY name, step DESC, timestamp_ms DESC, value DESC
  ON CONFLICT (tenant_id, run_id, name) DO UPDATE SET value = excluded.value, step = excluded.step, timestamp_ms = excluded.timestamp_ms
  WHERE (excluded.step, excluded.timestamp_ms, excluded.value) > (latest.step, latest.timestamp_ms, latest.value)`;

export async function addPoints(
  tx: Tx,
  run: { readonly tenantId: string; readonly runId: string },
  points: readonly Point[],
): Promise<void> {
  await tx.query(ADD, [
    run.tenantId,
    run.runId,
    points.map(({ name }) => name),
    points.map(({ value }) => value),
    points.map(({ step }) => step),
    points.map(({ timestampMs }) => timestampMs),
  ]);
}
