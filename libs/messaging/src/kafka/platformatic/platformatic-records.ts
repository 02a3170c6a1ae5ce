import type { Consumer } from '@platformatic/kafka';
import type { StoredRecord } from '../../event-log.port.js';

/** What a broker answers to a fetch. */
export type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
type Batches = NonNullable<FetchResponse['responses'][number]['partitions'][number]['records']>;
type Batch = Batches[number];

const CONTROL = 0b100000;
const LOG_APPEND_TIME = 0b1000;

/** One past the last offset that these batches cover: compacted records and markers leave gaps. */
export function endOf(batches: Batches): bigint | undefined {
  const last = batches.at(-1);
  return last && last.firstOffset + BigInt(last.lastOffsetDelta) + 1n;
}

/** The records of a partition from an offset on; a batch is fetched whole, from its first record. */
export function toStoredRecords(topic: string, partition: number, batches: Batches, from: bigint): StoredRecord[] {
  const records: StoredRecord[] = [];
  for (const batch of batches) {
    if ((batch.attributes & CONTROL) !== 0) continue;
    for (const { key, value, headers, offsetDelta, timestampDelta } of batch.records) {
      const offset = batch.firstOffset + BigInt(offsetDelta);
      if (offset < from) continue;
      records.push({
        topic,
        partition,
        offset,
        key: key === null ? '' : key.toString('utf8'),
        value,
        headers: textHeaders(headers),
        timestampMs: timeOf(batch, timestampDelta),
      });
    }
  }
  return records;
}

function timeOf({ attributes, firstTimestamp, maxTimestamp }: Batch, delta: bigint): number {
  return Number((attributes & LOG_APPEND_TIME) === 0 ? firstTimestamp + delta : maxTimestamp);
}

function textHeaders(headers: Batch['records'][number]['headers']): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of headers) if (name && value) texts[name.toString('utf8')] = value.toString('utf8');
  return texts;
}
