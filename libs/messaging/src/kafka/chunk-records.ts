import type { NewRecord } from '../event-log.port.js';
import { MAX_MESSAGE_BYTES } from './kafka-topics.js';

const RECORD_OVERHEAD_BYTES = 100;

function sizeOf({ key, value, headers }: NewRecord): number {
  let size = (value?.length ?? 0) + key.length * 3 + RECORD_OVERHEAD_BYTES;
  for (const name in headers) size += (name.length + (headers[name] as string).length) * 3 + 2;
  return size;
}

/** Parts that fit into one batch of one partition, whatever partitions they go to. */
export function* chunkRecords(records: readonly NewRecord[]): Generator<readonly NewRecord[]> {
  let from = 0;
  let sizeBytes = 0;
  for (const [index, record] of records.entries()) {
    const size = sizeOf(record);
    if (index > from && sizeBytes + size > MAX_MESSAGE_BYTES / 2) {
      yield records.slice(from, index);
      from = index;
      sizeBytes = 0;
    }
    sizeBytes += size;
  }
  if (from < records.length) yield from === 0 ? records : records.slice(from);
}
