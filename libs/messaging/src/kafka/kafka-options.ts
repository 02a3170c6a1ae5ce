import type { ConnectionOptions } from 'node:tls';
import type { MessagingLogger } from '../messaging-logger.js';

/** Which library speaks to Kafka. */
export type KafkaClientName = 'kafkajs' | 'platformatic';

export interface KafkaEventLogOptions {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  /** Named in the brokers' logs. */
  readonly clientId: string;
  /** Default `platformatic`. */
  readonly client?: KafkaClientName;
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
}
