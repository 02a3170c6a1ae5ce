import { atMost } from '@myriad/kernel';
import type { BatchHandler, StoredRecord } from '../event-log.port.js';
import { Gate, backOffMs, pause } from '../group/gate.js';
import type { MessagingLogger } from '../messaging-logger.js';
import { messagingProblem } from '../messaging-problem.js';
import { isFenced, persistently } from './kafka-error.js';

export interface PartitionQueueOptions {
  readonly topic: string;
  readonly partition: number;
  readonly handler: BatchHandler;
  readonly maxBatch: number;
  readonly logger: MessagingLogger;
  /** Commits the next offset of the partition to the group. */
  readonly commit: (next: bigint) => Promise<void>;
  /** There is room again after the queue was full. */
  readonly onRoom: () => void;
}

/** A queue with as many batches or bytes is full: its partition is fetched no more until half of it is handled. */
const FULL_BATCHES = 2;
const FULL_BYTES = 2 * 1_048_576;
/** How long a process that ends waits for a handler, and then for the answers to its commits, milliseconds. */
const HANDLER_MS = 10_000;
const COMMITS_MS = 2_000;

/**
 * Fetched records of one partition on their way through the handler, batch by batch; what the handler does not commit it gets again after a
 * throw. What waits here is bounded, so a slow partition holds neither memory nor the other partitions.
 */
export class PartitionQueue {
  private records: StoredRecord[] = [];
  private sizeBytes = 0;
  private readonly arrived = new Gate();
  private readonly abort = new AbortController();
  private readonly running: Promise<void>;
  private readonly commits = new Set<Promise<void>>();
  private isLost = false;
  private wasFull = false;
  private failures = 0;
  /** How many of the records at the front are committed. */
  private committed = 0;

  constructor(private readonly options: PartitionQueueOptions) {
    this.running = this.run();
  }

  push(records: readonly StoredRecord[]): void {
    if (this.isStopping()) return;
    for (const record of records) {
      this.records.push(record);
      this.sizeBytes += sizeOf(record);
    }
    this.wasFull ||= this.isFull;
    this.arrived.open();
  }

  get topic(): string {
    return this.options.topic;
  }

  get isFull(): boolean {
    return this.records.length >= this.options.maxBatch * FULL_BATCHES || this.sizeBytes >= FULL_BYTES;
  }

  /** Full, and not yet half empty again. */
  get isPaused(): boolean {
    return this.wasFull;
  }

  /** When the oldest record that is not handled was appended, Unix milliseconds. */
  get oldestMs(): number | undefined {
    return this.records[this.committed]?.timestampMs;
  }

  /** Aborts the handler's signal; resolves when it has returned and its commits are answered. It may commit what it has done, until {@link lose}. */
  async stop(): Promise<void> {
    this.abort.abort();
    this.arrived.open();
    await this.running;
    await Promise.allSettled(this.commits);
  }

  /** {@link stop} for a process that ends: waits no longer than stated. What is not committed by then comes again to whoever has the partition next. */
  async end(): Promise<void> {
    const { topic, partition, logger } = this.options;
    this.abort.abort();
    this.arrived.open();
    if (!(await atMost(HANDLER_MS, this.running)))
      logger.warn({ topic, partition }, 'a handler did not return before the end; its events come again');
    else if (!(await atMost(COMMITS_MS, Promise.allSettled(this.commits))))
      logger.warn({ topic, partition }, 'a commit was not answered before the end; its events come again');
  }

  /** From now on commits are refused: the partition is no longer this member's. */
  lose(): void {
    this.isLost = true;
    this.abort.abort();
    this.arrived.open();
  }

  private isStopping(): boolean {
    return this.abort.signal.aborted;
  }

  private async run(): Promise<void> {
    while (!this.isStopping()) {
      if (this.records.length === 0) await this.arrived.wait();
      const batch = this.records.slice(0, this.options.maxBatch);
      if (batch.length === 0 || this.isStopping()) continue;
      this.committed = 0;
      try {
        await this.handle(batch);
        this.failures = 0;
        this.drop(batch.length);
      } catch (error) {
        this.drop(this.committed);
        await this.recover(error);
      }
    }
    this.records = [];
  }

  private handle(records: readonly StoredRecord[]): Promise<void> {
    const { topic, partition, handler } = this.options;
    const { signal } = this.abort;
    return handler({ topic, partition, records, signal, commit: (offset) => this.commit(records, offset) });
  }

  private drop(count: number): void {
    for (const record of this.records.splice(0, count)) this.sizeBytes -= sizeOf(record);
    this.committed = 0;
    const isHalf =
      this.records.length <= (this.options.maxBatch * FULL_BATCHES) / 2 && this.sizeBytes <= FULL_BYTES / 2;
    if (!this.wasFull || !isHalf) return;
    this.wasFull = false;
    this.options.onRoom();
  }

  private async commit(records: readonly StoredRecord[], offset: bigint): Promise<void> {
    if (this.isLost) throw this.fenced();
    const answer = persistently(() => this.options.commit(offset + 1n), this.abort.signal);
    this.commits.add(answer);
    try {
      await answer;
    } catch (error) {
      if (!isFenced(error)) throw error;
      this.lose();
      throw this.fenced();
    } finally {
      this.commits.delete(answer);
    }
    if (records[0] !== this.records[0]) return; // a commit that came after its batch was done
    const index = records.findIndex((record) => record.offset > offset);
    this.committed = index === -1 ? records.length : index;
  }

  private fenced(): Error {
    const { topic, partition } = this.options;
    return messagingProblem('conflict', 'fenced', `partition ${partition} of '${topic}' has moved to another member`);
  }

  private async recover(error: unknown): Promise<void> {
    if (this.isStopping()) return;
    this.failures += 1;
    const { topic, partition, logger } = this.options;
    logger.warn({ err: error, topic, partition, failures: this.failures }, 'batch failed, will be handled again');
    await pause(backOffMs(this.failures), this.abort.signal);
  }
}

function sizeOf(record: StoredRecord): number {
  return (record.value?.length ?? 0) + record.key.length + 200;
}
