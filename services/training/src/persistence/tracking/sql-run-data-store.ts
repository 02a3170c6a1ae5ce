import { type CursorValue, type Tx, decodeCursor, encodeCursor } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { Found, RunDataStore } from '../../application/tracking/ports.js';
import type { KeyValue, TrackedInput, TrackedOutput, TrackedPoint } from '../../domain/tracking.js';
import { addPoints } from '../metric-points.js';

const keysOf = (pairs: readonly KeyValue[]): string[] => pairs.map(({ key }) => key);
const valuesOf = (pairs: readonly KeyValue[]): string[] => pairs.map(({ value }) => value);

/** JavaScript writes what is no number as `null` into JSON; a cursor has it as a text. */
const asText = (value: number): string => String(value);

@Injectable()
export class SqlRunDataStore implements RunDataStore {
  async addPoints(tx: Tx, runId: string, points: readonly TrackedPoint[]): Promise<void> {
    const run = { tenantId: tx.tenantId, runId };
    await addPoints(
      tx,
      run,
      points.map(({ key, value, timestamp, step }) => ({ name: key, value, step, timestampMs: timestamp })),
    );
  }

  async addParams(
    tx: Tx,
    runId: string,
    params: readonly KeyValue[],
  ): Promise<readonly { readonly key: string; readonly old: string; readonly sent: string }[]> {
    const values = [tx.tenantId, runId, keysOf(params), valuesOf(params)];
    const kept = await tx.query<{ key: string }>(
      `INSERT INTO run_param (tenant_id, run_id, key, value) SELECT $1, $2, * FROM unnest($3::text[], $4::text[])
       ON CONFLICT DO NOTHING RETURNING key`,
      values,
    );
    if (kept.length === params.length) return [];
    return tx.query(
      `SELECT key, run_param.value AS old, sent.value AS sent FROM unnest($3::text[], $4::text[]) AS sent (key, value)
       JOIN run_param USING (key) WHERE tenant_id = $1 AND run_id = $2 AND run_param.value <> sent.value`,
      values,
    );
  }

  async setTags(tx: Tx, runId: string, tags: readonly KeyValue[]): Promise<void> {
    // one statement may not write a row twice: the last value of a tag counts
    const last = [...new Map(tags.map((tag) => [tag.key, tag])).values()];
    await tx.query(
      `INSERT INTO run_tag (tenant_id, run_id, key, value) SELECT $1, $2, * FROM unnest($3::text[], $4::text[])
       ON CONFLICT (tenant_id, run_id, key) DO UPDATE SET value = excluded.value`,
      [tx.tenantId, runId, keysOf(last), valuesOf(last)],
    );
  }

  async deleteTag(tx: Tx, runId: string, key: string): Promise<boolean> {
    const sql = 'DELETE FROM run_tag WHERE tenant_id = $1 AND run_id = $2 AND key = $3 RETURNING 1';
    return (await tx.query(sql, [tx.tenantId, runId, key])).length === 1;
  }

  async addInputs(tx: Tx, runId: string, inputs: readonly TrackedInput[]): Promise<void> {
    for (const { dataset, tags } of inputs)
      await tx.query(
        `INSERT INTO run_input (tenant_id, run_id, name, dataset_digest, source_type, source, schema, profile, tags)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, run_id, name, dataset_digest) DO NOTHING`,
        [
          ...[tx.tenantId, runId, dataset.name, dataset.digest, dataset.source_type, dataset.source],
          ...[dataset.schema ?? null, dataset.profile ?? null, JSON.stringify(tags)],
        ],
      );
  }

  async addOutputs(tx: Tx, runId: string, outputs: readonly TrackedOutput[]): Promise<void> {
    const last = [...new Map(outputs.map((output) => [output.modelId, output])).values()];
    await tx.query(
      `INSERT INTO run_output (tenant_id, run_id, model_id, step) SELECT $1, $2, * FROM unnest($3::text[], $4::bigint[])
       ON CONFLICT (tenant_id, run_id, model_id) DO UPDATE SET step = excluded.step`,
      [tx.tenantId, runId, last.map(({ modelId }) => modelId), last.map(({ step }) => step)],
    );
  }

  async history(
    tx: Tx,
    runId: string,
    key: string,
    { maxResults, pageToken }: { readonly maxResults: number; readonly pageToken: string | undefined },
  ): Promise<Found<TrackedPoint>> {
    const list = `history ${runId} ${key}`;
    const after: readonly CursorValue[] = pageToken === undefined ? [null, null, null] : decodeCursor(pageToken, list);
    const rows = await tx.query<{ value: number; step: string; timestamp_ms: string }>(
      `SELECT value, step, timestamp_ms FROM run_metric WHERE tenant_id = $1 AND run_id = $2 AND name = $3
         AND ($4::bigint IS NULL OR (step, timestamp_ms, value) > ($4::bigint, $5::bigint, $6::float8))
       ORDER BY step, timestamp_ms, value LIMIT $7`,
      [tx.tenantId, runId, key, ...after, maxResults + 1],
    );
    const items = rows
      .slice(0, maxResults)
      .map(({ value, step, timestamp_ms: ms }) => ({ key, value, step: Number(step), timestamp: Number(ms) }));
    const last = items.at(-1);
    const isMore = rows.length > maxResults && last !== undefined;
    const nextPageToken = isMore ? encodeCursor([last.step, last.timestamp, asText(last.value)], list) : undefined;
    return { items, nextPageToken };
  }
}
