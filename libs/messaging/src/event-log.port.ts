import type { TopicDefinition } from '@myriad/contracts';

/** A record to append. Its partition is chosen by the part of the key before the first `/` (the tenant). */
export interface NewRecord {
  readonly topic: string;
  readonly key: string;
  /** null is a tombstone: compaction removes the key. At most 1 MiB. */
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** A record as it stands in the log. */
export interface StoredRecord extends NewRecord {
  readonly partition: number;
  /** Grows within a partition; compaction leaves gaps. */
  readonly offset: bigint;
  /** Unix milliseconds of the append. */
  readonly timestampMs: number;
}

/** Records of one partition, in offset order, given to one member of a group at a time. */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly StoredRecord[];
  /** Aborts when the partition is taken away or the subscription closes: stop after the record in hand. */
  readonly signal: AbortSignal;
  /** Marks everything up to and including `offset` as done. @throws {ProblemError} `messaging.fenced` when the partition has moved to another member. */
  commit(offset: bigint): Promise<void>;
}

export interface SubscribeOptions {
  /** Consumer group; members of one group share the partitions, each group gets every record. */
  readonly group: string;
  readonly topics: readonly string[];
  /** Where a group without a committed offset starts. Default `earliest`. */
  readonly from?: 'earliest' | 'latest';
  /** Records a batch, 1–10,000. Default 500. */
  readonly maxBatch?: number;
  /** A member not heard of for this long loses its partitions, milliseconds ≥ 500. Default 10,000. */
  readonly sessionTimeoutMs?: number;
}

/** Handles a batch; committing is up to the handler. A throw leaves the rest uncommitted: it is delivered again after a pause. */
export type BatchHandler = (batch: RecordBatch) => Promise<void>;

/** What one member of a group has in hand. */
export interface SubscriptionState {
  /** Partitions that it holds. */
  readonly partitions: number;
  /** Those that are not read on because their handler is behind. */
  readonly paused: number;
  /** How often the partitions were shared anew since the member was made. */
  readonly rebalances: number;
  /** By topic, when the oldest record that was read and is not handled was appended, Unix milliseconds. */
  readonly oldestMs: ReadonlyMap<string, number>;
}

/** What runs until it is closed. */
export interface Closable {
  /** Stops after the batches in hand, gives the partitions back, and leaves the group. */
  close(): Promise<void>;
}

/** A member of a group. */
export interface Subscription extends Closable {
  state(): SubscriptionState;
}

/** A place in a partition: the offset of the next record to read. */
export interface TailPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface TailOptions {
  readonly topics: readonly string[];
  /** Where to begin; partitions that are not named begin at their start, as do places whose records are gone. Default the start. */
  readonly from?: readonly TailPosition[];
  /** Called record by record, in order within a partition. */
  readonly onRecord: (record: StoredRecord) => void | Promise<void>;
}

export interface Tail extends Closable {
  /** Resolves when everything that stood in the topics at the start has been given to `onRecord`. */
  readonly caughtUp: Promise<void>;
}

/** How far a group is behind on one partition. */
export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  readonly committedOffset: bigint;
  readonly endOffset: bigint;
}

/** The event log: partitions by key, groups with rebalancing, offsets, compaction. Delivery is at least once, ordered by key. */
export interface EventLog {
  /** Makes missing topics and reconciles their settings; safe to call from many processes at once. Partitions never shrink. */
  ensureTopics(topics: readonly TopicDefinition[]): Promise<void>;
  /** Appends all records or none per partition, in order; resolves when they are durable. */
  append(records: readonly NewRecord[]): Promise<void>;
  subscribe(options: SubscribeOptions, handler: BatchHandler): Promise<Subscription>;
  /** Reads every partition from the start (or the given places) and goes on for ever, in no group: for caches that every replica holds. */
  tail(options: TailOptions): Promise<Tail>;
  lag(group: string, topics: readonly string[]): Promise<readonly PartitionLag[]>;
  /** Runs compaction now where the adapter does it itself; elsewhere the engine does it by its own clock. */
  compact(topic: string): Promise<void>;
  /** @throws when the log can't be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
