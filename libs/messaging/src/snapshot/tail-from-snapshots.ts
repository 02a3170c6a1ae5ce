import type { EventLog, Tail, TailOptions } from '../event-log.port.js';
import { silentLogger, type MessagingLogger } from '../messaging-logger.js';
import type { SnapshotStore } from './snapshot-store.port.js';
import { readTopicSnapshot, replaySnapshot, type TopicSnapshot } from './topic-snapshot.js';

export interface SnapshotTailOptions extends TailOptions {
  readonly store: SnapshotStore;
  readonly logger?: MessagingLogger;
  /** An older snapshot is not used, milliseconds: the log forgets tombstones after a day, and a key they removed would come back. Default 12 hours. */
  readonly maxAgeMs?: number;
}

const MAX_AGE_MS = 12 * 3_600_000;

/**
 * Tails compacted topics from their snapshots: first the newest record of each key as the snapshot has it, then what came since. A topic whose
 * snapshot is missing, damaged, too old or of another log is read whole.
 */
export async function tailFromSnapshots(log: EventLog, options: SnapshotTailOptions): Promise<Tail> {
  const { store, logger = silentLogger, maxAgeMs = MAX_AGE_MS, ...tail } = options;
  const from = [...(tail.from ?? [])];
  for (const topic of new Set(tail.topics)) {
    const snapshot = await usable(log, topic, { store, logger, maxAgeMs });
    if (!snapshot) continue;
    await replaySnapshot(topic, snapshot, tail.onRecord);
    from.push(...snapshot.positions);
  }
  return log.tail({ ...tail, from });
}

async function usable(
  log: EventLog,
  topic: string,
  { store, logger, maxAgeMs }: Required<Pick<SnapshotTailOptions, 'store' | 'logger' | 'maxAgeMs'>>,
): Promise<TopicSnapshot | undefined> {
  try {
    const snapshot = await readTopicSnapshot(topic, store);
    if (!snapshot) return undefined;
    if (Date.now() - snapshot.madeAtMs > maxAgeMs) throw new Error('the snapshot is too old');
    const ends = await log.lag('myriad-snapshot', [topic]);
    const endOf = new Map(ends.map(({ partition, endOffset }) => [partition, endOffset]));
    if (snapshot.positions.some(({ partition, offset }) => offset > (endOf.get(partition) ?? -1n)))
      throw new Error('the snapshot is of another log');
    return snapshot;
  } catch (error) {
    logger.warn({ err: error, topic }, 'the topic is read whole: its snapshot can not be used');
    return undefined;
  }
}
