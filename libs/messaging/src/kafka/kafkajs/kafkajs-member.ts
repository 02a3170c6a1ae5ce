import { atMost } from '@myriad/kernel';
import type { Cluster, Consumer, EachBatchPayload, Kafka, PartitionAssigner } from 'kafkajs';
import type { CheckedSubscribeOptions } from '../../check-records.js';
import type { BatchHandler, Subscription, SubscriptionState } from '../../event-log.port.js';
import { backOffMs, pause } from '../../group/gate.js';
import type { MessagingLogger } from '../../messaging-logger.js';
import type { Startable } from '../kafka-client.port.js';
import { inKafka } from '../kafka-error.js';
import { PartitionQueues } from '../partition-queues.js';
import { toStoredRecord } from './kafkajs-records.js';

export interface KafkajsMemberOptions extends CheckedSubscribeOptions {
  readonly kafka: Kafka;
  /** kafkajs' own assigner of partitions to members. */
  readonly assigner: PartitionAssigner;
  readonly handler: BatchHandler;
  readonly logger: MessagingLogger;
}

/** A fetch waits this long for records, milliseconds: a partition that was paused is asked for again within it. */
export const FETCH_WAIT_MS = 250;
/** How long a closing member waits for a broker that may be away, milliseconds. */
const LEAVE_MS = 3_000;

/**
 * One member of a group. Handlers run beside the fetch loop, which keeps the heartbeats going. Before the member joins a new generation of
 * the group, all its handlers have returned: until then the group waits, so no partition is in two hands.
 */
export class KafkajsMember implements Subscription, Startable {
  private consumer: Consumer | undefined;
  private readonly queues: PartitionQueues;
  private readonly closing = new AbortController();
  /** Between the generations of the group what is fetched belongs to nobody. */
  private isJoining = false;
  private rebalances = 0;
  private closed: Promise<void> | undefined;

  constructor(private readonly options: KafkajsMemberOptions) {
    this.queues = new PartitionQueues(options);
  }

  /** Joins the group; resolves when it has its partitions. */
  async start(): Promise<void> {
    const { kafka, group, topics, from, sessionTimeoutMs } = this.options;
    const consumer = kafka.consumer({
      groupId: group,
      partitionAssigners: [this.waitingAssigner()],
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.min(1_000, Math.floor(sessionTimeoutMs / 5)),
      maxWaitTimeInMs: FETCH_WAIT_MS,
      metadataMaxAge: 30_000,
      allowAutoTopicCreation: false,
      retry: { restartOnFailure: () => Promise.resolve(!this.closing.signal.aborted) },
    });
    this.consumer = consumer;
    consumer.on('consumer.group_join', () => {
      this.isJoining = false;
      this.rebalances += 1;
    });
    consumer.on('consumer.crash', ({ payload }) => {
      this.options.logger.warn({ err: payload.error, group, restarts: payload.restart }, 'consumer lost its group');
      if (!payload.restart) void this.startAgain();
    });
    await inKafka(async () => {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: from === 'earliest' });
      await consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: 256,
        eachBatch: (payload) => this.take(payload),
      });
    });
  }

  state(): SubscriptionState {
    return this.queues.state(this.rebalances);
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    this.closing.abort();
    await this.queues.end();
    await atMost(LEAVE_MS, this.consumer?.disconnect());
  }

  private async startAgain(): Promise<void> {
    for (let failures = 1; !this.closing.signal.aborted; failures += 1) {
      await pause(backOffMs(failures), this.closing.signal);
      if (isAborted(this.closing.signal)) return;
      try {
        await this.consumer?.disconnect().catch(() => undefined);
        await this.start();
        return;
      } catch (error) {
        this.options.logger.warn({ err: error, group: this.options.group, failures }, 'could not join the group');
      }
    }
  }

  private take(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    if (this.closing.signal.aborted || this.isJoining || messages.length === 0) return Promise.resolve();
    const queue = this.queues.of(topic, partition, (next) =>
      payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset: String(next) }] }] }),
    );
    queue.push(messages.map((message) => toStoredRecord(topic, partition, message)));
    if (queue.isPaused) this.queues.whenRoom(topic, partition, payload.pause());
    return Promise.resolve();
  }

  /** An assigner with a side: kafkajs asks the cluster for the group's coordinator before each join, and that waits for the handlers. */
  private waitingAssigner(): PartitionAssigner {
    return (config) => {
      const cluster: Cluster = config.cluster;
      const find = cluster.findGroupCoordinator.bind(cluster);
      cluster.findGroupCoordinator = async (group) => {
        this.isJoining = true;
        await this.queues.settle();
        return find(group);
      };
      return this.options.assigner(config);
    };
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
