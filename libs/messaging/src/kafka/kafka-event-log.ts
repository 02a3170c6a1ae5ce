import type { TopicDefinition } from '@myriad/contracts';
import { atMost } from '@myriad/kernel';
import { AppendQueue } from '../append-queue.js';
import { checkRecords, checkSubscribeOptions } from '../check-records.js';
import type {
  BatchHandler,
  Closable,
  EventLog,
  NewRecord,
  PartitionLag,
  SubscribeOptions,
  Subscription,
  Tail,
  TailOptions,
} from '../event-log.port.js';
import { silentLogger, type MessagingLogger } from '../messaging-logger.js';
import { messagingProblem } from '../messaging-problem.js';
import type { KafkaClient, PartitionBounds, Startable } from './kafka-client.port.js';
import { inKafka, persistently } from './kafka-error.js';
import type { KafkaEventLogOptions } from './kafka-options.js';
import { KafkaTopics } from './kafka-topics.js';

/** How long closing waits for brokers that may be away, after subscriptions and appends have ended, milliseconds. */
const LEAVE_MS = 2_000;

/** The event log in Apache Kafka, through either library. Compaction and retention are the brokers' work. */
export class KafkaEventLog implements EventLog {
  private readonly appends: AppendQueue;
  private readonly topics: KafkaTopics;
  private readonly subscriptions = new Set<Closable>();
  private closed: Promise<void> | undefined;

  constructor(
    private readonly client: KafkaClient,
    options: Pick<KafkaEventLogOptions, 'replication' | 'topicConfig' | 'deliveryTimeoutMs'> = {},
  ) {
    this.topics = new KafkaTopics(client.admin, {
      replication: options.replication ?? 1,
      topicConfig: options.topicConfig ?? {},
    });
    this.appends = new AppendQueue({
      send: (records) => inKafka(() => client.send(records)),
      deliveryTimeoutMs: options.deliveryTimeoutMs ?? DELIVERY_TIMEOUT_MS,
    });
  }

  /** Connects. @throws {ProblemError} `messaging.unavailable`, `messaging.access_refused`. */
  static async open(options: KafkaEventLogOptions): Promise<KafkaEventLog> {
    return new KafkaEventLog(await inKafka(() => openClient(options)), options);
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
    return this.keep(this.client.member(checked, handler));
  }

  async tail(options: TailOptions): Promise<Tail> {
    this.refuseWhenClosed();
    const topics = [...new Set(options.topics)];
    await this.topics.need(topics);
    const bounds = (await Promise.all(topics.map((topic) => this.boundsOf(topic)))).flat();
    const tail = this.client.tail({ ...options, topics }, bounds);
    const kept = await this.keep(tail);
    return { caughtUp: tail.caughtUp, close: () => kept.close() };
  }

  async lag(group: string, topics: readonly string[]): Promise<readonly PartitionLag[]> {
    const committed = await persistently(() => this.client.admin.committed(group, topics));
    const bounds = (await Promise.all(topics.map((topic) => this.boundsOf(topic)))).flat();
    return bounds.map(({ topic, partition, low, end }) => ({
      topic,
      partition,
      committedOffset: committed.get(`${topic}/${partition}`) ?? low,
      endOffset: end,
    }));
  }

  /** The brokers' cleaner does it by its own clock. */
  async compact(topic: string): Promise<void> {
    await this.topics.need([topic]);
  }

  async ping(): Promise<void> {
    await inKafka(() => this.client.admin.ping());
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close()));
    await this.appends.close();
    await atMost(LEAVE_MS, this.client.close());
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw messagingProblem('conflict', 'closed', 'the event log is closed');
  }

  private async keep<S extends Closable>(subscription: S & Startable): Promise<S> {
    this.subscriptions.add(subscription);
    const closing = subscription.close.bind(subscription);
    subscription.close = async () => {
      await closing();
      this.subscriptions.delete(subscription);
    };
    try {
      await inKafka(() => subscription.start());
    } catch (error) {
      await subscription.close();
      throw error;
    }
    return subscription;
  }

  private boundsOf(topic: string): Promise<readonly PartitionBounds[]> {
    return persistently(() => this.client.admin.bounds(topic));
  }
}

const DELIVERY_TIMEOUT_MS = 15_000;

/** Only the library that is asked for is loaded. */
async function openClient(options: KafkaEventLogOptions): Promise<KafkaClient> {
  const logger: MessagingLogger = options.logger ?? silentLogger;
  const settings = { deliveryTimeoutMs: DELIVERY_TIMEOUT_MS, ...options, logger };
  if (options.client === 'kafkajs') {
    const { KafkajsClient } = await import('./kafkajs/kafkajs-client.js');
    return KafkajsClient.open(settings);
  }
  const { PlatformaticClient } = await import('./platformatic/platformatic-client.js');
  return PlatformaticClient.open(settings);
}
