import type { CheckedSubscribeOptions } from '../check-records.js';
import type { BatchHandler, NewRecord, Subscription, Tail, TailOptions } from '../event-log.port.js';
import type { PartitionEnd } from '../group/tail-reader.js';

/** A topic with its settings by their Kafka names. */
export interface KafkaTopic {
  readonly name: string;
  readonly partitions: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** Where a partition begins and ends. */
export interface PartitionBounds extends PartitionEnd {
  /** Offset of the oldest record that is kept. */
  readonly low: bigint;
}

/** What is asked of a cluster besides records. Every call rejects with the client's own errors. */
export interface KafkaAdmin {
  topicNames(): Promise<readonly string[]>;
  partitionCounts(
    topics: readonly string[],
  ): Promise<readonly { readonly name: string; readonly partitions: number }[]>;
  createTopics(topics: readonly KafkaTopic[], replication: number): Promise<void>;
  growTopics(topics: readonly KafkaTopic[]): Promise<void>;
  /** Present values of the named settings, by topic. */
  settings(
    topics: readonly string[],
    names: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>;
  /** Sets these settings and leaves the topics' others as they are. */
  changeSettings(topics: readonly KafkaTopic[]): Promise<void>;
  bounds(topic: string): Promise<readonly PartitionBounds[]>;
  /** Committed offsets by `topic/partition`; what was never committed is missing. */
  committed(group: string, topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  ping(): Promise<void>;
}

/** A subscription or tail before it runs. */
export interface Startable {
  /** Resolves when it has its partitions. */
  start(): Promise<void>;
}

export interface KafkaTailStart {
  /** Where each partition is read from, and where it ended at the start. */
  readonly bounds: readonly PartitionBounds[];
}

/** One library that speaks to Kafka; everything that does not depend on the library stands around it. */
export interface KafkaClient {
  readonly admin: KafkaAdmin;
  /** Appends in order, with `acks=all` and an idempotent producer; rejects with a problem or the client's own error. */
  send(records: readonly NewRecord[]): Promise<void>;
  member(options: CheckedSubscribeOptions, handler: BatchHandler): Subscription & Startable;
  tail(options: TailOptions, bounds: readonly PartitionBounds[]): Tail & Startable;
  close(): Promise<void>;
}
