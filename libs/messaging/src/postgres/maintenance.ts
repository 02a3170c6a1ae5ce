import type pg from 'pg';
import { unavailable } from '../connection-error.js';
import { MAINTENANCE_LOCK } from './schema.js';
import type { Sql } from './sql.js';
import type { TopicTable } from './topic-table.js';

export interface MaintenanceOptions {
  /** Between two runs of the whole log, milliseconds. */
  readonly intervalMs: number;
  readonly tombstoneRetentionMs: number;
}

/** Applies one topic's cleanup to all its partitions now; compaction or expiry, one transaction a partition. */
export async function cleanTopic(
  sql: Sql,
  topics: TopicTable,
  topic: string,
  tombstoneRetentionMs: number,
): Promise<void> {
  const { cleanup, retentionMs } = topics.cleanupOf(topic);
  const nowMs = Date.now();
  for (const id of topics.idsOf(topic))
    if (cleanup === 'compact')
      await sql.query({ text: 'select log_compact($1, $2)', values: [id, nowMs - tombstoneRetentionMs] });
    else if (retentionMs !== undefined)
      await sql.query({ text: 'select log_expire($1, $2)', values: [id, nowMs - retentionMs] });
}

/** Cleans the whole log if nobody did so within the interval and nobody is at it; answers whether it did. */
export async function maintain(pool: pg.Pool, topics: TopicTable, options: MaintenanceOptions): Promise<boolean> {
  const client = await pool.connect();
  const sql: Sql = {
    query: async <T>({ text, values = [] }: { text: string; values?: readonly unknown[] }) =>
      (await client.query(text, [...values])).rows as T[],
  };
  try {
    const [lock] = await sql.query<{ got: boolean }>({
      text: `select pg_try_advisory_lock(${MAINTENANCE_LOCK}) as got`,
    });
    if (lock?.got !== true) return false;
    try {
      return await maintainAlone(sql, topics, options);
    } finally {
      await sql.query({ text: `select pg_advisory_unlock(${MAINTENANCE_LOCK})` });
    }
  } catch (error) {
    throw unavailable(error);
  } finally {
    client.release();
  }
}

async function maintainAlone(sql: Sql, topics: TopicTable, options: MaintenanceOptions): Promise<boolean> {
  const due = await sql.query({
    text: `update log_meta set maintained_at = now() where maintained_at < now() - $1 * interval '1 ms' returning one`,
    values: [options.intervalMs],
  });
  if (due.length === 0) return false;
  const dirty = await sql.query<{ topic: string }>({
    text: `select distinct t.topic from log_topic t join log_partition p on p.topic = t.topic
           where t.cleanup = 'delete' or p.next_offset > p.compacted_to`,
  });
  await topics.load();
  for (const { topic } of dirty) await cleanTopic(sql, topics, topic, options.tombstoneRetentionMs);
  await sql.query({ text: `delete from log_producer where used_at < now() - interval '1 day'` });
  await sql.query({ text: `delete from log_member where seen_at < now() - interval '1 day'` });
  return true;
}
