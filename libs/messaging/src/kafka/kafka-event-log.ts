import type { TopicDefinition } from '@myriad/contracts';
import type { Admin, ISocketFactory, Kafka, LogEntry, PartitionAssigner, SASLOptions } from 'kafkajs';
import type { ConnectionOptions } from 'node:tls';
import { AppendQueue } from '../append-queue.js';
import { checkRecords, checkSubscribeOptions } from '../check-records.js';
import type {
  BatchHandler,
  EventLog,
  NewRecord,
  PartitionLag,
  SubscribeOptions,
  Subscription,
  Tail,
  TailOptions,
} from '../event-log.port.js';
import { atMost } from '../group/gate.js';
import type { PartitionEnd } from '../group/tail-reader.js';
import { silentLogger, type MessagingLogger } from '../messaging-logger.js';
import { messagingProblem } from '../messaging-problem.js';
import { inKafka, persistently } from './kafka-error.js';
import { KafkaMember } from './kafka-member.js';
import { KafkaProducer } from './kafka-producer.js';
import { KafkaTail } from './kafka-tail.js';
import { KafkaTopics, type KafkaTopicOptions } from './kafka-topics.js';
import { quietRequestQueue } from './quiet-request-queue.js';

export interface KafkaEventLogOptions {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  /** Named in the brokers' logs. */
  readonly clientId: string;
  readonly logger?: MessagingLogger;
  readonly tls?: boolean | ConnectionOptions;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  /** Replicas of new topics. Default 1. */
  readonly replication?: number;
  /** More settings of each topic, by their Kafka names. */
  readonly topicConfig?: Readonly<Record<string, string>>;
  /** How long an append is tried again while the log is away, milliseconds. Default 15,000. */
  readonly deliveryTimeoutMs?: number;
  /** How sockets are made, e.g. through a proxy. */
  readonly socketFactory?: ISocketFactory;
}

const ERROR_LEVEL = 1;
/** How long closing waits for brokers that may be away, milliseconds. */
const LEAVE_MS = 5_000;

/** The event log in Apache Kafka. Compaction and retention are the brokers' work. */
export class KafkaEventLog implements EventLog {
  private readonly appends: AppendQueue;
  private readonly producer: KafkaProducer;
  private readonly topics: KafkaTopics;
  private readonly subscriptions = new Set<Subscription>();
  private readonly logger: MessagingLogger;
  private closed: Promise<void> | undefined;

  private constructor(
    private readonly kafka: Kafka,
    private readonly admin: Admin,
    private readonly assigner: PartitionAssigner,
    options: KafkaEventLogOptions & Pick<KafkaTopicOptions, 'topicResource'>,
  ) {
    this.logger = options.logger ?? silentLogger;
    this.producer = new KafkaProducer(kafka);
    this.topics = new KafkaTopics(admin, {
      topicResource: options.topicResource,
      replication: options.replication ?? 1,
      topicConfig: options.topicConfig ?? {},
    });
    this.appends = new AppendQueue({
      send: (records) => this.producer.send(records),
      deliveryTimeoutMs: options.deliveryTimeoutMs ?? 15_000,
    });
  }

  /** Connects. @throws {ProblemError} `messaging.unavailable`. */
  static async open(options: KafkaEventLogOptions): Promise<KafkaEventLog> {
    const { ConfigResourceTypes, Kafka, PartitionAssigners } = (await import('kafkajs')).default;
    quietRequestQueue();
    const { brokers, clientId, logger = silentLogger, tls, sasl, socketFactory } = options;
    const kafka = new Kafka({
      brokers: [...brokers],
      clientId,
      connectionTimeout: 3_000,
      requestTimeout: 20_000,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 6 },
      logCreator: () => (entry) => {
        forward(logger, entry);
      },
      ...(tls !== undefined && { ssl: tls }),
      ...(sasl && { sasl: sasl as SASLOptions }),
      ...(socketFactory && { socketFactory }),
    });
    const admin = kafka.admin();
    await inKafka(() => admin.connect());
    const topicResource = ConfigResourceTypes.TOPIC;
    return new KafkaEventLog(kafka, admin, PartitionAssigners.roundRobin, { ...options, topicResource });
  }

  async ensureTopics(topics: readonly TopicDefinition[]): Promise<void> {
    if (topics.length > 0) await this.topics.ensure(topics);
  }

  async append(records: readonly NewRecord[]): Promise<void> {
    if (records.length === 0) return;
    checkRecords(records);
    await this.topics.need([...new Set(records.map((record) => record.topic))]);
    await this.appends.add(records);
  }

  async subscribe(options: SubscribeOptions, handler: BatchHandler): Promise<Subscription> {
    const checked = checkSubscribeOptions(options);
    this.refuseWhenClosed();
    await this.topics.need(checked.topics);
    const { kafka, assigner, logger } = this;
    return this.keep(new KafkaMember({ ...checked, kafka, assigner, handler, logger }));
  }

  async tail(options: TailOptions): Promise<Tail> {
    this.refuseWhenClosed();
    await this.topics.need(options.topics);
    const start = (await Promise.all(options.topics.map((topic) => this.offsetsOf(topic)))).flat();
    const tail = new KafkaTail({ ...options, kafka: this.kafka, logger: this.logger, start });
    const kept = await this.keep(tail);
    return { caughtUp: tail.caughtUp, close: () => kept.close() };
  }

  async lag(group: string, topics: readonly string[]): Promise<readonly PartitionLag[]> {
    const committed = new Map<string, bigint>();
    const fetched = await persistently(() => this.admin.fetchOffsets({ groupId: group, topics: [...topics] }));
    for (const { topic, partitions } of fetched)
      for (const { partition, offset } of partitions) committed.set(`${topic}/${partition}`, BigInt(offset));
    const ends = (await Promise.all(topics.map((topic) => this.offsetsOf(topic)))).flat();
    return ends.map(({ topic, partition, low, end }) => {
      const found = committed.get(`${topic}/${partition}`) ?? -1n;
      return { topic, partition, committedOffset: found < 0n ? low : found, endOffset: end };
    });
  }

  /** The brokers' cleaner does it by its own clock. */
  async compact(topic: string): Promise<void> {
    await this.topics.need([topic]);
  }

  async ping(): Promise<void> {
    await inKafka(() => this.admin.describeCluster());
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close()));
    await this.appends.close();
    await atMost(LEAVE_MS, Promise.all([this.producer.close(), this.admin.disconnect()]));
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw messagingProblem('conflict', 'closed', 'the event log is closed');
  }

  private async keep(subscription: KafkaMember | KafkaTail): Promise<Subscription> {
    this.subscriptions.add(subscription);
    const close = async (): Promise<void> => {
      await subscription.close();
      this.subscriptions.delete(subscription);
    };
    try {
      await subscription.start();
    } catch (error) {
      await close();
      throw error;
    }
    return { close };
  }

  private async offsetsOf(topic: string): Promise<readonly (PartitionEnd & { readonly low: bigint })[]> {
    const offsets = await persistently(() => this.admin.fetchTopicOffsets(topic));
    return offsets.map(({ partition, high, low }) => ({ topic, partition, end: BigInt(high), low: BigInt(low) }));
  }
}

/** What kafkajs calls an error is part of its life with brokers: it tries again. */
function forward(logger: MessagingLogger, { level, log, namespace }: LogEntry): void {
  const { message, error } = log as { message: string; error?: string };
  const fields = { component: `kafkajs ${namespace}`, reason: error ?? '' };
  if (level === ERROR_LEVEL) logger.warn(fields, message);
  else logger.debug(fields, message);
}
