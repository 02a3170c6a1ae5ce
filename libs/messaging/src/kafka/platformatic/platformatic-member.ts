import { setImmediate } from 'node:timers/promises';
import { atMost } from '@myriad/kernel';
import type { Consumer } from '@platformatic/kafka';
import type { CheckedSubscribeOptions } from '../../check-records.js';
import type { BatchHandler, Subscription, SubscriptionState } from '../../event-log.port.js';
import { Gate, backOffMs, pause } from '../../group/gate.js';
import type { MessagingLogger } from '../../messaging-logger.js';
import type { Startable } from '../kafka-client.port.js';
import { inKafka, isFenced, persistently } from '../kafka-error.js';
import { PartitionQueues } from '../partition-queues.js';
import type { FetchTarget, Fetcher } from './fetcher.js';

type Offset = Parameters<Consumer['commit']>[0]['offsets'][number];
type Assignments = NonNullable<Consumer['assignments']>;

export interface PlatformaticMemberOptions extends CheckedSubscribeOptions {
  /** Makes the group's consumer; `beforeJoin` is awaited before each join. */
  readonly makeConsumer: (options: CheckedSubscribeOptions, beforeJoin: () => Promise<void>) => Consumer;
  readonly fetcher: Fetcher;
  readonly handler: BatchHandler;
  readonly logger: MessagingLogger;
}

/** How long a closing member waits for a broker that may be away: to leave its group, then to close connections, milliseconds. */
const LEAVE_MS = 2_000;
const CLOSE_MS = 1_000;
/** How long the first join is tried again while the group changes, milliseconds. */
const JOIN_PATIENCE_MS = 30_000;
/** Between two looks whether topics have grown, milliseconds. */
const LOOK_INTERVAL_MS = 30_000;

/**
 * One member of a group. Heartbeats and commits go through the group's consumer, records come from a {@link Fetcher} of its own. Before the
 * member joins a new generation of the group, all its handlers have returned: until then the group waits, so no partition is in two hands.
 */
export class PlatformaticMember implements Subscription, Startable {
  private readonly consumer: Consumer;
  private readonly queues: PartitionQueues;
  private readonly closing = new AbortController();
  private readonly rejoin = new Gate();
  private keeping: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private heardAtMs = performance.now();
  private isHolding = false;
  private rebalances = 0;
  private commits: { readonly offsets: Map<string, Offset>; readonly answer: Promise<void> } | undefined;
  private closed: Promise<void> | undefined;

  constructor(private readonly options: PlatformaticMemberOptions) {
    this.queues = new PartitionQueues(options);
    this.consumer = options.makeConsumer(options, () => this.letGo());
  }

  /** Joins the group; resolves when it has its partitions. */
  async start(): Promise<void> {
    const { consumer } = this;
    consumer.topics.trackAll(...this.options.topics);
    consumer.on('error', () => {
      this.rejoin.open(); // a join after a heartbeat failed
    });
    consumer.on('consumer:heartbeat:end', () => {
      this.heardAtMs = performance.now();
      if (!this.isHolding) this.rejoin.open();
    });
    consumer.on('consumer:heartbeat:error', () => {
      // Out of touch for a whole session: others may have the partitions by now.
      if (performance.now() - this.heardAtMs > this.options.sessionTimeoutMs) void this.letGo();
    });
    consumer.on('consumer:group:join', ({ assignments = [] }) => {
      this.heardAtMs = performance.now();
      this.rebalances += 1;
      void this.take(assignments);
    });
    await this.joinFirst();
    this.keeping = this.keepJoined();
    this.timer = setInterval(() => void this.lookForNew(), LOOK_INTERVAL_MS).unref();
  }

  state(): SubscriptionState {
    return this.queues.state(this.rebalances);
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    clearInterval(this.timer);
    this.closing.abort();
    this.rejoin.open();
    this.isHolding = false;
    this.options.fetcher.clear();
    await this.queues.end();
    await atMost(LEAVE_MS, Promise.all([this.leave(), this.options.fetcher.close()]));
    await atMost(CLOSE_MS, Promise.all([this.consumer.close(true), this.keeping]));
  }

  private leave(): Promise<void> {
    return new Promise((resolve) => {
      this.consumer.leaveGroup(true, () => {
        resolve();
      });
    });
  }

  private isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  private async join(): Promise<void> {
    await this.consumer.joinGroup({});
  }

  /** While others join too, the group may go on to its next generation before this one was complete. */
  private async joinFirst(): Promise<void> {
    const deadlineMs = performance.now() + JOIN_PATIENCE_MS;
    for (;;) {
      try {
        await persistently(() => this.join(), this.closing.signal);
        return;
      } catch (error) {
        if (!isFenced(error) || this.isClosing() || performance.now() > deadlineMs) throw error;
      }
    }
  }

  /** Joins again whenever the consumer gave up by itself. */
  private async keepJoined(): Promise<void> {
    for (;;) {
      await this.rejoin.wait();
      for (let failures = 1; !this.isClosing(); failures += 1) {
        try {
          await this.join();
          break;
        } catch (error) {
          const { logger, group } = this.options;
          logger.warn({ err: error, group, failures }, 'could not join the group, will be tried again');
          await pause(backOffMs(failures), this.closing.signal);
        }
      }
      if (this.isClosing()) return;
    }
  }

  /** Stops all handlers; what they got can't be committed any more. */
  private async letGo(): Promise<void> {
    this.isHolding = false;
    this.options.fetcher.clear();
    await this.queues.settle();
  }

  private async take(assignments: Assignments): Promise<void> {
    const { generationId } = this.consumer;
    this.isHolding = true;
    const isCurrent = (): boolean => !this.isClosing() && this.isHolding && this.consumer.generationId === generationId;
    for (let failures = 1; isCurrent(); failures += 1) {
      try {
        const targets = await this.targetsOf(assignments);
        if (isCurrent()) this.options.fetcher.add(targets);
        return;
      } catch (error) {
        const { logger, group } = this.options;
        logger.warn({ err: error, group, failures }, 'could not read the offsets of the group, will be tried again');
        await pause(backOffMs(failures), this.closing.signal);
      }
    }
  }

  private async targetsOf(assignments: Assignments): Promise<readonly FetchTarget[]> {
    if (assignments.length === 0) return [];
    const topics = assignments.map(({ topic }) => topic);
    const timestamp = this.options.from === 'earliest' ? -2n : -1n;
    const [committed, starts] = await Promise.all([
      this.consumer.listCommittedOffsets({ topics: assignments }),
      this.consumer.listOffsets({ topics, timestamp }),
    ]);
    return assignments.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => {
        const known = committed.get(topic)?.[partition] ?? -1n;
        return this.targetOf(topic, partition, known >= 0n ? known : (starts.get(topic)?.[partition] ?? 0n));
      }),
    );
  }

  private targetOf(topic: string, partition: number, position: bigint): FetchTarget {
    const queue = this.queues.of(topic, partition, (next) => this.commit(topic, partition, next));
    return {
      topic,
      partition,
      position,
      wants: () => !queue.isPaused,
      give: (records) => {
        if (records.length > 0) queue.push(records);
        if (queue.isPaused)
          this.queues.whenRoom(topic, partition, () => {
            this.options.fetcher.wake();
          });
      },
    };
  }

  /** Commits that are asked for at the same time go in one request. */
  private commit(topic: string, partition: number, offset: bigint): Promise<void> {
    this.commits ??= { offsets: new Map(), answer: setImmediate().then(() => this.commitAll()) };
    this.commits.offsets.set(`${topic}/${partition}`, { topic, partition, offset, leaderEpoch: -1 });
    return this.commits.answer;
  }

  private commitAll(): Promise<void> {
    const offsets = [...(this.commits?.offsets.values() ?? [])];
    this.commits = undefined;
    return inKafka(() => this.consumer.commit({ offsets }));
  }

  /** Topics that have grown: a new generation of the group shares their partitions. */
  private async lookForNew(): Promise<void> {
    const { topics } = this.options;
    const before = await this.countPartitions(false);
    const now = await this.countPartitions(true);
    if (before !== undefined && now !== undefined && topics.length > 0 && before !== now) this.rejoin.open();
  }

  private async countPartitions(forceUpdate: boolean): Promise<number | undefined> {
    const { topics } = this.options;
    const metadata = await this.consumer
      .metadata({ topics: [...topics], forceUpdate, metadataMaxAge: 10 * LOOK_INTERVAL_MS })
      .catch(() => undefined);
    return metadata && [...metadata.topics.values()].reduce((sum, { partitionsCount }) => sum + partitionsCount, 0);
  }
}
