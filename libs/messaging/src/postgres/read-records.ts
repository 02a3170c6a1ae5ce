import type { StoredRecord } from '../event-log.port.js';
import type { PartitionRow } from './topic-table.js';
import type { Sql } from './sql.js';

interface RecordRow {
  readonly record_offset: string;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: string;
  readonly appended_ms: string;
}

/** What one read returns at most; the first record always comes. */
const MAX_READ_BYTES = 8 * 1_048_576;

const READ = `
select record_offset, key, value, headers, appended_ms from (
  select r.*, sum(coalesce(octet_length(r.value), 0)) over (order by r.record_offset) - coalesce(octet_length(r.value), 0) as before
  from (select * from log_record where partition_id = $1 and record_offset >= $2 order by record_offset limit $3) r
) o where before < $4 order by record_offset`;

/** Records of one partition from an offset on, in order. */
export async function readRecords(
  sql: Sql,
  { id, topic, partition }: PartitionRow,
  from: bigint,
  max: number,
): Promise<readonly StoredRecord[]> {
  const rows = await sql.query<RecordRow>({
    name: 'log_read',
    text: READ,
    values: [id, String(from), max, MAX_READ_BYTES],
  });
  return rows.map((row) => ({
    topic,
    partition,
    offset: BigInt(row.record_offset),
    key: row.key,
    value: row.value,
    headers: JSON.parse(row.headers) as Record<string, string>,
    timestampMs: Number(row.appended_ms),
  }));
}
