import type { Admin, Consumer, GroupOptions, Producer } from '@platformatic/kafka';
import type * as platformatic from '@platformatic/kafka';
import type { CheckedSubscribeOptions } from '../../check-records.js';
import type { BatchHandler, NewRecord, TailOptions } from '../../event-log.port.js';
import type { MessagingLogger } from '../../messaging-logger.js';
import type { KafkaClient, PartitionBounds } from '../kafka-client.port.js';
import type { KafkaEventLogOptions } from '../kafka-options.js';
import { assignPartitions, ASSIGNER_NAME } from './assign-partitions.js';
import { Fetcher } from './fetcher.js';
import { PlatformaticAdmin } from './platformatic-admin.js';
import { PlatformaticMember } from './platformatic-member.js';
import { PlatformaticProducer } from './platformatic-producer.js';
import { PlatformaticTail } from './platformatic-tail.js';

type Library = typeof platformatic;
type MoreConsumerOptions = GroupOptions & { readonly groupId: string; readonly retries: number };

const RETRY_DELAY_MS = 200;
/** A group waits this long for a member whose handler has not returned, milliseconds. */
const REBALANCE_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 20_000;

interface Settings extends KafkaEventLogOptions {
  readonly logger: MessagingLogger;
  readonly deliveryTimeoutMs: number;
}

/** Kafka through @platformatic/kafka. */
export class PlatformaticClient implements KafkaClient {
  readonly admin: PlatformaticAdmin;
  private readonly producer: PlatformaticProducer;

  private constructor(
    private readonly library: Library,
    private readonly connected: Admin,
    private readonly settings: Settings,
  ) {
    this.admin = new PlatformaticAdmin(connected);
    this.producer = new PlatformaticProducer(() => this.makeProducer());
  }

  static async open(settings: Settings): Promise<PlatformaticClient> {
    const library = await import('@platformatic/kafka');
    const admin = new library.Admin({ ...baseOptions(settings), retries: 5, retryDelay: RETRY_DELAY_MS });
    admin.on('error', () => undefined);
    try {
      await admin.metadata({ topics: [] });
    } catch (error) {
      await admin.close().catch(() => undefined);
      throw error;
    }
    return new PlatformaticClient(library, admin, settings);
  }

  send(records: readonly NewRecord[]): Promise<void> {
    return this.producer.send(records);
  }

  member(options: CheckedSubscribeOptions, handler: BatchHandler): PlatformaticMember {
    const { logger } = this.settings;
    return new PlatformaticMember({
      ...options,
      handler,
      logger,
      fetcher: this.makeFetcher(),
      makeConsumer: (checked, beforeJoin) => this.makeGroupConsumer(checked, beforeJoin),
    });
  }

  tail(options: TailOptions, bounds: readonly PartitionBounds[]): PlatformaticTail {
    const { logger } = this.settings;
    const look = (topic: string): Promise<readonly PartitionBounds[]> => this.admin.bounds(topic);
    return new PlatformaticTail({ ...options, bounds, logger, look, fetcher: this.makeFetcher() });
  }

  async close(): Promise<void> {
    await Promise.all([this.producer.close(), this.connected.close()]);
  }

  /** Sends again as long as an append may take, so that a lost answer is asked for with the same sequence numbers. */
  private makeProducer(): Producer<string, Buffer, string, string> {
    const { library, settings } = this;
    const producer = new library.Producer<string, Buffer, string, string>({
      ...baseOptions(settings),
      retries: Math.ceil(settings.deliveryTimeoutMs / RETRY_DELAY_MS),
      retryDelay: RETRY_DELAY_MS,
      idempotent: true,
      acks: library.ProduceAcks.ALL,
      serializers: {
        key: textBytes,
        value: (value?: Buffer) => value,
        headerKey: textBytes,
        headerValue: textBytes,
      },
    });
    producer.on('error', () => undefined);
    return producer;
  }

  private makeFetcher(): Fetcher {
    // In no group: the name is never sent.
    return new Fetcher(this.makeConsumer({ groupId: 'none', retries: 0 }), this.settings.logger);
  }

  /** Without retries of its own: after a rejoin it would send a commit again that is no longer this member's. */
  private makeGroupConsumer(options: CheckedSubscribeOptions, beforeJoin: () => Promise<void>): Consumer {
    const { group, sessionTimeoutMs } = options;
    return this.makeConsumer({
      groupId: group,
      retries: 0,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: Math.min(1_000, Math.floor(sessionTimeoutMs / 5)),
      protocols: [{ name: ASSIGNER_NAME, version: 1 }],
      partitionAssigner: assignPartitions,
      protocolsMetadata: async () => {
        await beforeJoin();
        return Buffer.alloc(0);
      },
    });
  }

  private makeConsumer(options: MoreConsumerOptions): Consumer {
    const consumer = new this.library.Consumer<Buffer, Buffer, Buffer, Buffer>({
      ...baseOptions(this.settings),
      autocommit: false,
      ...options,
    });
    consumer.on('error', () => undefined);
    return consumer;
  }
}

function textBytes(text?: string): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text);
}

function baseOptions({ brokers, clientId, tls, sasl }: Settings) {
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    timeout: REQUEST_TIMEOUT_MS,
    metadataMaxAge: 30_000,
    autocreateTopics: false,
    ...(tls !== undefined && tls !== false && { tls: tls === true ? {} : tls, tlsServerName: true }),
    ...(sasl && { sasl: { ...sasl, mechanism: MECHANISMS[sasl.mechanism] } }),
  };
}

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;
