import type { Consumer } from '@platformatic/kafka';
import type { StoredRecord } from '../../event-log.port.js';
import { Gate, backOffMs, pause } from '../../group/gate.js';
import type { MessagingLogger } from '../../messaging-logger.js';
import { groupBy } from '../../group-by.js';
import { isOutOfRange } from '../kafka-error.js';
import { endOf, toStoredRecords, type FetchResponse } from './platformatic-records.js';

/** A partition that is read from `position` on. */
export interface FetchTarget {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to fetch; the fetcher moves it. */
  position: bigint;
  /** False while there is no room for more. */
  wants(): boolean;
  /** Takes what was fetched, which may be nothing: then nothing stands before the position any more. */
  give(records: readonly StoredRecord[]): void;
}

type Metadata = Awaited<ReturnType<Consumer['metadata']>>;
type Topics = Parameters<Consumer['fetch']>[0]['topics'];

/** A fetch waits this long for records, milliseconds: a partition that was paused is asked for again within it. */
const FETCH_WAIT_MS = 250;
const MAX_BYTES = 16 * 1_048_576;
const MAX_PARTITION_BYTES = 1_048_576;
const METADATA_AGE_MS = 30_000;

/**
 * Reads partitions from their leaders: one long poll at a time and broker, over all partitions that want more. Never stops by itself: what
 * fails is tried again with growing pauses.
 */
export class Fetcher {
  private readonly targets = new Set<FetchTarget>();
  private readonly loops = new Map<number, Gate>();
  private readonly closing = new AbortController();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly consumer: Consumer,
    private readonly logger: MessagingLogger,
  ) {}

  add(targets: readonly FetchTarget[]): void {
    for (const target of targets) {
      this.targets.add(target);
      this.consumer.topics.track(target.topic);
    }
    this.wake();
  }

  /** Forgets all partitions; a fetch in flight is given to nobody. */
  clear(): void {
    this.targets.clear();
  }

  /** A partition has room again, or there are new ones. */
  wake(): void {
    for (const gate of this.loops.values()) gate.open();
    if (this.targets.size > 0 && !this.closing.signal.aborted) this.keep(this.ensureLoops());
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.targets.clear();
    this.wake();
    await this.consumer.close(true).catch(() => undefined);
    await Promise.all(this.running);
  }

  private keep(work: Promise<void>): void {
    const kept = work.finally(() => this.running.delete(kept));
    this.running.add(kept);
  }

  private isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  private metadata(): Promise<Metadata> {
    const topics = [...new Set([...this.targets].map(({ topic }) => topic))];
    return this.consumer.metadata({ topics, metadataMaxAge: METADATA_AGE_MS });
  }

  /** Starts a loop for each broker that leads a partition and has none. */
  private async ensureLoops(): Promise<void> {
    for (let failures = 1; !this.isClosing(); failures += 1) {
      try {
        const metadata = await this.metadata();
        for (const target of this.targets) {
          const node = leaderOf(metadata, target);
          if (node === undefined || this.loops.has(node) || this.isClosing()) continue;
          this.loops.set(node, new Gate());
          this.keep(this.loop(node));
        }
        return;
      } catch (error) {
        this.logger.debug({ err: error, failures }, 'could not ask who leads the partitions');
        await pause(backOffMs(failures), this.closing.signal);
      }
    }
  }

  private async loop(node: number): Promise<void> {
    const gate = this.loops.get(node) as Gate;
    for (let failures = 0; !this.isClosing();) {
      try {
        if (!(await this.fetchFrom(node))) await gate.wait();
        failures = 0;
      } catch (error) {
        if (this.isClosing()) break;
        failures += 1;
        if (failures > 1) this.logger.warn({ err: error, node, failures }, 'a fetch failed, will be tried again');
        this.consumer.clearMetadata();
        await this.moveIntoRange(error);
        await pause(backOffMs(failures), this.closing.signal);
        this.keep(this.ensureLoops()); // leaders may have moved
      }
    }
    this.loops.delete(node);
  }

  /** One long poll; false when the broker leads nothing that wants more. */
  private async fetchFrom(node: number): Promise<boolean> {
    if (![...this.targets].some((target) => target.wants())) return false;
    const metadata = await this.metadata();
    const asked = [...this.targets].filter((target) => target.wants() && leaderOf(metadata, target) === node);
    if (asked.length === 0) return false;
    const topics = requestOf(metadata, asked);
    const response = await this.consumer.fetch({
      node,
      topics,
      maxWaitTime: FETCH_WAIT_MS,
      minBytes: 1,
      maxBytes: MAX_BYTES,
    });
    this.deliver(metadata, response, asked);
    return true;
  }

  private deliver(metadata: Metadata, response: FetchResponse, asked: readonly FetchTarget[]): void {
    const byName = new Map(asked.map((target) => [`${target.topic}/${target.partition}`, target]));
    const topicNames = new Map([...metadata.topics].map(([name, { id }]) => [id, name]));
    const partitions = response.responses.flatMap(({ topicId, partitions: parts }) =>
      parts.map((part) => ({ ...part, topic: topicNames.get(topicId) ?? '' })),
    );
    const isEmpty = partitions.every(({ records }) => !records || records.length === 0);
    if (isEmpty) for (const target of asked) if (this.targets.has(target)) target.give([]);
    for (const { topic, partitionIndex, records } of partitions) {
      const target = byName.get(`${topic}/${partitionIndex}`);
      if (!target || !this.targets.has(target) || !records) continue;
      const end = endOf(records);
      if (end === undefined || end <= target.position) continue;
      const stored = toStoredRecords(topic, partitionIndex, records, target.position);
      target.position = end;
      target.give(stored);
    }
  }

  /** A position before the oldest record that is kept, or beyond the end, goes to the oldest. */
  private async moveIntoRange(error: unknown): Promise<void> {
    if (!isOutOfRange(error)) return;
    try {
      const topics = [...new Set([...this.targets].map(({ topic }) => topic))];
      const [low, high] = await Promise.all([
        this.consumer.listOffsets({ topics, timestamp: -2n }),
        this.consumer.listOffsets({ topics, timestamp: -1n }),
      ]);
      for (const target of this.targets) {
        const [first, end] = [low.get(target.topic)?.[target.partition], high.get(target.topic)?.[target.partition]];
        if (first === undefined || end === undefined) continue;
        if (target.position >= first && target.position <= end) continue;
        const { topic, partition, position } = target;
        this.logger.warn({ topic, partition, position: String(position) }, 'records are gone before they were read');
        target.position = first;
      }
    } catch (cause) {
      this.logger.warn({ err: cause }, 'could not find the oldest records');
    }
  }
}

function leaderOf(metadata: Metadata, { topic, partition }: FetchTarget): number | undefined {
  const leader = metadata.topics.get(topic)?.partitions[partition]?.leader;
  return leader === undefined || leader < 0 ? undefined : leader;
}

function requestOf(metadata: Metadata, targets: readonly FetchTarget[]): Topics {
  return [...groupBy(targets, ({ topic }) => topic)].map(([topic, of]) => ({
    topicId: metadata.topics.get(topic)?.id ?? '',
    partitions: of.map(({ partition, position }) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: position,
      lastFetchedEpoch: -1,
      partitionMaxBytes: MAX_PARTITION_BYTES,
    })),
  }));
}
