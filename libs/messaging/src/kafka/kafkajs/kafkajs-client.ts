import type { Admin, Kafka, LogEntry, PartitionAssigner, SASLOptions } from 'kafkajs';
import type { CheckedSubscribeOptions } from '../../check-records.js';
import type { BatchHandler, NewRecord, TailOptions } from '../../event-log.port.js';
import type { MessagingLogger } from '../../messaging-logger.js';
import type { KafkaClient, PartitionBounds } from '../kafka-client.port.js';
import type { KafkaEventLogOptions } from '../kafka-options.js';
import { KafkajsAdmin } from './kafkajs-admin.js';
import { KafkajsMember } from './kafkajs-member.js';
import { KafkajsProducer } from './kafkajs-producer.js';
import { KafkajsTail } from './kafkajs-tail.js';
import { quietRequestQueue } from './quiet-request-queue.js';

const ERROR_LEVEL = 1;

/** Kafka through kafkajs 2.2.4, which is no longer maintained. */
export class KafkajsClient implements KafkaClient {
  readonly admin: KafkajsAdmin;
  private readonly producer: KafkajsProducer;

  private constructor(
    private readonly kafka: Kafka,
    private readonly connected: Admin,
    private readonly parts: { assigner: PartitionAssigner; logger: MessagingLogger; admin: KafkajsAdmin },
  ) {
    this.admin = parts.admin;
    this.producer = new KafkajsProducer(kafka);
  }

  static async open(options: KafkaEventLogOptions & { readonly logger: MessagingLogger }): Promise<KafkajsClient> {
    const { ConfigResourceTypes, Kafka, PartitionAssigners } = (await import('kafkajs')).default;
    quietRequestQueue();
    const { brokers, clientId, logger, tls, sasl } = options;
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
    });
    const connected = kafka.admin();
    await connected.connect();
    const admin = new KafkajsAdmin(connected, ConfigResourceTypes.TOPIC);
    return new KafkajsClient(kafka, connected, { assigner: PartitionAssigners.roundRobin, logger, admin });
  }

  send(records: readonly NewRecord[]): Promise<void> {
    return this.producer.send(records);
  }

  member(options: CheckedSubscribeOptions, handler: BatchHandler): KafkajsMember {
    const { assigner, logger } = this.parts;
    return new KafkajsMember({ ...options, kafka: this.kafka, assigner, handler, logger });
  }

  tail(options: TailOptions, bounds: readonly PartitionBounds[]): KafkajsTail {
    return new KafkajsTail({ ...options, kafka: this.kafka, logger: this.parts.logger, bounds });
  }

  async close(): Promise<void> {
    await Promise.all([this.producer.close(), this.connected.disconnect()]);
  }
}

/** What kafkajs calls an error is part of its life with brokers: it tries again. */
function forward(logger: MessagingLogger, { level, log, namespace }: LogEntry): void {
  const { message, error } = log as { message: string; error?: string };
  const fields = { component: `kafkajs ${namespace}`, reason: error ?? '' };
  if (level === ERROR_LEVEL) logger.warn(fields, message);
  else logger.debug(fields, message);
}
