import { atMost } from '@myriad/kernel';
import type { Closable, EventLog } from '../event-log.port.js';
import type { MessagingLogger } from '../messaging-logger.js';
import { UnreadableList, readList, type Snapshot } from './snapshot-list.js';
import { snapshotMetrics } from './snapshot-metrics.js';
import type { SnapshotStore } from './snapshot-store.port.js';
import { MAX_REST_MS, newRecords, snapshotState, type SnapshotState } from './snapshot-state.js';
import { topicEnds } from './topic-ends.js';
import { writeTopicSnapshot, type WriteSnapshotOptions } from './write-topic-snapshot.js';

/** How long closing waits for a log or a store that may be away, milliseconds; what is half written is removed by the next writer. */
const CLOSE_MS = 2_000;

/** When a topic is written anew. */
export interface SnapshotSchedule {
  /** After so many records, ≥ 1. */
  readonly afterRecords: number;
  /** After this time if there is any record, milliseconds. */
  readonly afterMs: number;
}

export interface SnapshotWriterOptions extends SnapshotSchedule {
  readonly log: EventLog;
  readonly store: SnapshotStore;
  /** Compacted topics whose state the service owns. */
  readonly topics: readonly string[];
  /** As {@link WriteSnapshotOptions.definitions}. */
  readonly definitions?: WriteSnapshotOptions['definitions'];
  /** Of the replicas of a service one writes. */
  readonly isLeader: () => boolean;
  readonly logger: MessagingLogger;
  /** Milliseconds between two looks. Default 30,000. */
  readonly intervalMs?: number;
}

/** Keeps the snapshots of a service's compacted topics fresh. Nothing waits for it, and what fails is tried again at the next look. */
export class SnapshotWriter implements Closable {
  private readonly stop = new AbortController();
  private readonly startedAtMs = Date.now();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(private readonly options: SnapshotWriterOptions) {}

  start(): void {
    this.timer ??= setInterval(() => void this.look(), this.options.intervalMs ?? 30_000).unref();
  }

  /** Ends what it is at; a snapshot that is being written is given up. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.stop.abort(new Error('the writer closes'));
    await atMost(CLOSE_MS, this.looking);
  }

  /** Writes what is due, now. Never fails. */
  look(): Promise<void> {
    this.looking ??= this.writeDue().finally(() => (this.looking = undefined));
    return this.looking;
  }

  /** How the snapshots are, whichever replica wrote them. @throws when the log or the store is away */
  state(): Promise<readonly SnapshotState[]> {
    const { log, topics, afterMs } = this.options;
    return Promise.all(
      topics.map(async (topic) => {
        const [newest, ends] = await Promise.all([this.newest(topic), topicEnds(log, topic)]);
        return snapshotState({ topic, ends, newest, afterMs, nowMs: Date.now(), sinceMs: this.startedAtMs });
      }),
    );
  }

  private async writeDue(): Promise<void> {
    for (const topic of this.options.topics) {
      if (!this.options.isLeader() || this.stop.signal.aborted) return;
      await this.writeIfDue(topic).catch((error: unknown) => {
        if (this.stop.signal.aborted) return;
        snapshotMetrics.failures.add(1, { topic });
        this.options.logger.warn({ err: error, topic }, 'no snapshot was written');
      });
    }
  }

  private async writeIfDue(topic: string): Promise<void> {
    const { log, store, definitions, logger } = this.options;
    const newest = await this.newest(topic);
    if (newest && !(await this.isDue(topic, newest))) {
      tell(topic, newest);
      return;
    }
    const beganMs = performance.now();
    const { signal } = this.stop;
    const snapshot = await writeTopicSnapshot({ log, topic, store, definitions, logger, signal });
    const seconds = (performance.now() - beganMs) / 1_000;
    snapshotMetrics.write.record(seconds);
    tell(topic, snapshot);
    logger.info({ topic, keys: snapshot.keys, parts: snapshot.parts.length, seconds }, 'wrote a snapshot');
  }

  private async newest(topic: string): Promise<Snapshot | undefined> {
    try {
      return (await readList(topic, this.options.store))?.snapshots[0];
    } catch (error) {
      if (!(error instanceof UnreadableList)) throw error;
      this.options.logger.warn({ err: error, topic }, 'the list of snapshots is unreadable and will be replaced');
      return undefined;
    }
  }

  /** Also long before readers find it too old, and when the topic has begun anew. */
  private async isDue(topic: string, newest: Snapshot): Promise<boolean> {
    const records = newRecords(await topicEnds(this.options.log, topic), newest);
    const ageMs = Date.now() - newest.madeAtMs;
    const { afterRecords, afterMs } = this.options;
    return (
      records === undefined || records >= afterRecords || (records > 0 && ageMs >= afterMs) || ageMs >= MAX_REST_MS
    );
  }
}

function tell(topic: string, { madeAtMs, keys }: Snapshot): void {
  snapshotMetrics.madeAt.set(madeAtMs / 1_000, { topic });
  snapshotMetrics.keys.set(keys, { topic });
}
