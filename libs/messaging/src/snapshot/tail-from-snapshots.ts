import type { EventLog, Tail, TailOptions, TailPosition } from '../event-log.port.js';
import { silentLogger, type MessagingLogger } from '../messaging-logger.js';
import { answered } from './answered.js';
import { isSameLog } from './is-same-log.js';
import { replaySnapshot, type SnapshotReader } from './replay-snapshot.js';
import { readList, type Snapshot } from './snapshot-list.js';
import { snapshotMetrics } from './snapshot-metrics.js';
import type { SnapshotStore } from './snapshot-store.port.js';

export interface SnapshotTailOptions extends TailOptions, SnapshotReader {
  readonly store: SnapshotStore;
  readonly logger?: MessagingLogger;
  /** An older snapshot is not used, milliseconds. Default {@link MAX_SNAPSHOT_AGE_MS}. */
  readonly maxAgeMs?: number;
}

/** The log forgets tombstones after a day, and a key that one of them removed would come back from an older snapshot: 12 hours. */
export const MAX_SNAPSHOT_AGE_MS = 12 * 3_600_000;

interface Begun {
  readonly topic: string;
  /** Where the topic goes on; empty for the start. */
  readonly from: readonly TailPosition[];
}

/**
 * Tails compacted topics from their snapshots: first the newest record of each key as the newest snapshot has it, then what came since. A snapshot
 * that is damaged, too old or of another log is passed over for the one before it; a topic that has none, or whose store is away, is read whole.
 */
export async function tailFromSnapshots(log: EventLog, options: SnapshotTailOptions): Promise<Tail> {
  const { logger = silentLogger, onRecord } = options;
  const beganMs = performance.now();
  const topics = [...new Set(options.topics)];
  const begun = await Promise.all(topics.map((topic) => begin(log, topic, options)));
  let [isReady, count] = [false, 0];
  const tail = await log.tail({
    topics,
    from: [...(options.from ?? []), ...begun.flatMap(({ from }) => from)],
    onRecord: (record) => {
      if (!isReady) count += 1;
      return onRecord(record);
    },
  });
  tail.caughtUp.then(
    () => {
      isReady = true;
      const seconds = (performance.now() - beganMs) / 1_000;
      snapshotMetrics.ready.set(seconds);
      snapshotMetrics.read.add(count, { source: 'topic' });
      const whole = begun.filter(({ from }) => from.length === 0).map(({ topic }) => topic);
      logger.info({ seconds, fromTopics: count, whole }, 'caught up with compacted topics');
    },
    () => undefined,
  );
  return tail;
}

async function begin(log: EventLog, topic: string, options: SnapshotTailOptions): Promise<Begun> {
  const { store, logger = silentLogger, maxAgeMs = MAX_SNAPSHOT_AGE_MS } = options;
  for (const snapshot of await snapshotsOf(topic, store, logger))
    try {
      if (Date.now() - snapshot.madeAtMs > maxAgeMs) throw new Error('it is too old');
      if (!(await isSameLog(log, topic, snapshot)))
        throw new Error('it is of another log, or too much has changed to tell');
      const count = await replaySnapshot(topic, snapshot, store, options);
      snapshotMetrics.read.add(count, { source: 'snapshot' });
      return { topic, from: positionsOf(topic, snapshot) };
    } catch (error) {
      snapshotMetrics.passedOver.add(1, { topic });
      const madeAt = new Date(snapshot.madeAtMs).toISOString();
      logger.warn({ err: error, topic, madeAt }, 'passed over a snapshot that can not be used');
    }
  return { topic, from: [] };
}

async function snapshotsOf(topic: string, store: SnapshotStore, logger: MessagingLogger): Promise<readonly Snapshot[]> {
  try {
    return (await answered(readList(topic, store)))?.snapshots ?? [];
  } catch (error) {
    snapshotMetrics.passedOver.add(1, { topic });
    logger.warn({ err: error, topic }, 'the topic is read whole: its snapshots can not be read');
    return [];
  }
}

const positionsOf = (topic: string, { partitions }: Snapshot): readonly TailPosition[] =>
  partitions.map(({ partition, position }) => ({ topic, partition, offset: BigInt(position) }));
