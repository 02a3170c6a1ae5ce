import type { CloudEvent } from '@myriad/contracts';
import { PLATFORM_TENANT, digestOf, type Digest } from '@myriad/kernel';
import type { EventLog, PartitionLag, StoredRecord } from '../event-log.port.js';
import { parseEvent, type Definitions } from '../events/parse-event.js';
import { silentLogger, type MessagingLogger } from '../messaging-logger.js';
import { EventPartBuilder } from './event-part.js';
import { newestRecords } from './newest-records.js';
import { OwnedList, type Snapshot } from './snapshot-list.js';
import { PartBuilder } from './snapshot-part.js';
import type { SnapshotStore } from './snapshot-store.port.js';
import { topicEnds } from './topic-ends.js';

/** So many stay: who has just read the list finds the parts of what it names, and a damaged one has one before it. */
export const SNAPSHOTS_KEPT = 3;
/** The last so many records of a partition stand for the log's identity. */
const WITNESSES = 8;

export interface WriteSnapshotOptions {
  readonly log: EventLog;
  readonly topic: string;
  readonly store: SnapshotStore;
  /** Ends it between two records. Default never. */
  readonly signal?: AbortSignal;
  /** The event types of the topic: events are checked once, here, and not by each replica that starts; a record that is none is logged and left out, as every reader would pass it over. Default: records are kept as they are, whatever they are. */
  readonly definitions?: Definitions | undefined;
  /** Hears of what is left out. */
  readonly logger?: MessagingLogger | undefined;
}

/**
 * Writes a snapshot of a compacted topic as it is now. The list names it last: a reader sees it whole or not at all. What is put is named by the
 * list before, as loose, so that whoever comes after a writer that died removes what it left.
 * @returns what was written
 * @throws when the log or the store is away, or another process writes the same topic
 */
export async function writeTopicSnapshot(options: WriteSnapshotOptions): Promise<Snapshot> {
  const { log, topic, store, signal = new AbortController().signal, definitions } = options;
  const madeAtMs = Date.now();
  const ends = await topicEnds(log, topic);
  const list = await OwnedList.take(topic, store);
  const parts = new PartWriter(list, store, builderOf(options));
  const partitions: Snapshot['partitions'] = [];
  for (const end of ends) {
    const last = new LastRecords();
    await newestRecords({ log, topic, ends, signal }, end.partition, (record) => {
      last.add(record);
      return record.value === null ? undefined : parts.add(record);
    });
    partitions.push(partitionOf(end, last));
  }
  await parts.flush();
  const { keys, sizeBytes, digests } = parts;
  const snapshot: Snapshot = {
    madeAtMs,
    keys,
    holds: definitions === undefined ? 'records' : 'events',
    sizeBytes,
    partitions,
    parts: digests,
  };
  await publish(list, snapshot, store);
  return snapshot;
}

const partitionOf = ({ partition, endOffset }: PartitionLag, { records }: LastRecords): Snapshot['partitions'][0] => ({
  partition,
  position: String(endOffset),
  witnesses: records.map(({ offset, timestampMs }) => ({ offset: String(offset), timestampMs })),
});

/** Records until they make a part. */
interface Builder {
  /** Whether it was taken. */
  add(record: StoredRecord): boolean;
  isFull(): boolean;
  take(): Promise<Buffer | undefined>;
}

class LastRecords {
  readonly records: StoredRecord[] = [];

  add(record: StoredRecord): void {
    this.records.push(record);
    if (this.records.length > WITNESSES) this.records.shift();
  }
}

function builderOf({ topic, definitions, logger = silentLogger }: WriteSnapshotOptions): Builder {
  if (definitions === undefined) return new PartBuilder();
  const events = new EventPartBuilder(topic, definitions);
  return {
    add: (record) => {
      const event = readEvent(record, definitions, logger);
      if (event !== undefined) events.add(event);
      return event !== undefined;
    },
    isFull: () => events.isFull(),
    take: () => events.take(),
  };
}

/** As it stands in the record: a newer replica of the writer's service may have said more than this one knows. */
function readEvent(record: StoredRecord, definitions: Definitions, logger: MessagingLogger): CloudEvent | undefined {
  try {
    parseEvent(record, definitions);
    return JSON.parse(String(record.value)) as CloudEvent;
  } catch (error) {
    const { topic, partition, offset } = record;
    logger.error({ err: error, topic, partition, offset: String(offset) }, 'left out a record that is no valid event');
    return undefined;
  }
}

class PartWriter {
  readonly digests: Digest[] = [];
  keys = 0;
  sizeBytes = 0;

  constructor(
    private readonly list: OwnedList,
    private readonly store: SnapshotStore,
    private readonly builder: Builder,
  ) {}

  add(record: StoredRecord): Promise<void> | undefined {
    if (this.builder.add(record)) this.keys += 1;
    return this.builder.isFull() ? this.flush() : undefined;
  }

  async flush(): Promise<void> {
    const bytes = await this.builder.take();
    if (bytes === undefined) return;
    const digest = digestOf(bytes);
    await this.list.replace({ loose: [...new Set([...this.list.current.loose, digest])] });
    await this.store.put(PLATFORM_TENANT, bytes);
    this.digests.push(digest);
    this.sizeBytes += bytes.length;
  }
}

/** Names the snapshot, and then removes what no kept one has. */
async function publish(list: OwnedList, snapshot: Snapshot, store: SnapshotStore): Promise<void> {
  const before = list.current;
  const snapshots = [snapshot, ...before.snapshots].slice(0, SNAPSHOTS_KEPT);
  const kept = new Set(snapshots.flatMap(({ parts }) => parts));
  const known = [...before.loose, ...before.snapshots.flatMap(({ parts }) => parts)];
  const loose = [...new Set(known)].filter((digest) => !kept.has(digest));
  await list.replace({ snapshots, loose });
  if (loose.length === 0) return;
  for (const digest of loose) await store.delete(PLATFORM_TENANT, digest);
  await list.replace({ loose: [] });
}
