import type { EventLog, PartitionLag, StoredRecord } from '../event-log.port.js';

export interface NewestRecordsOptions {
  readonly log: EventLog;
  readonly topic: string;
  /** Where the topic's partitions end: what stands behind is not read. */
  readonly ends: readonly PartitionLag[];
  readonly signal: AbortSignal;
}

/**
 * Reads a partition twice: first for where the newest record of each key is, then for these records; so that only the keys of one partition are
 * held in memory, however many records it has. A record that was superseded in between may be left out: its successor is behind the end.
 * @throws the signal's reason when it aborts
 */
export async function newestRecords(
  options: NewestRecordsOptions,
  partition: number,
  onRecord: (record: StoredRecord) => void | Promise<void>,
): Promise<void> {
  const newest = new Map<string, bigint>();
  await readPartition(options, partition, ({ key, offset }) => void newest.set(key, offset));
  await readPartition(options, partition, (record) =>
    newest.get(record.key) === record.offset ? onRecord(record) : undefined,
  );
}

async function readPartition(
  { log, topic, ends, signal }: NewestRecordsOptions,
  partition: number,
  onRecord: (record: StoredRecord) => void | Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  const end = ends.find((one) => one.partition === partition)?.endOffset ?? 0n;
  if (end === 0n) return;
  const failure = new AbortController();
  const halt = AbortSignal.any([signal, failure.signal]);
  const others = ends.filter((one) => one.partition !== partition);
  const tail = await log.tail({
    topics: [topic],
    from: others.map((one) => ({ topic, partition: one.partition, offset: one.endOffset })),
    onRecord: (record) => {
      if (record.partition !== partition || record.offset >= end || halt.aborted) return;
      // thrown, it would make the tail try again for ever
      return onRecord(record)?.catch((error: unknown) => {
        failure.abort(error);
      });
    },
  });
  const halted = onceAborted(halt);
  try {
    await Promise.race([tail.caughtUp, halted.promise]);
    halt.throwIfAborted();
  } finally {
    halted.forget();
    await tail.close();
  }
}

/** To be forgotten when nobody waits any more: with a listener, a signal that is made of others lives as long as they do. */
function onceAborted(signal: AbortSignal): { readonly promise: Promise<void>; readonly forget: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  signal.addEventListener('abort', resolve, { once: true });
  return {
    promise,
    forget: () => {
      signal.removeEventListener('abort', resolve);
    },
  };
}
