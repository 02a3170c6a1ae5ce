import type { BatchHandler, StoredRecord } from '../event-log.port.js';
import { backOffMs, pause } from '../group/gate.js';
import type { MessagingLogger } from '../messaging-logger.js';
import { messagingProblem } from '../messaging-problem.js';
import { isFenced, kafkaProblem } from './kafka-error.js';

export interface InHandOptions {
  readonly handler: BatchHandler;
  readonly maxBatch: number;
  readonly logger: MessagingLogger;
  /** Commits the next offset of the partition to the group. */
  readonly commit: (next: bigint) => Promise<void>;
}

/** Fetched records of one partition on their way through the handler; what it does not commit it gets again after a throw. */
export class BatchInHand {
  readonly done: Promise<void>;
  private readonly abort = new AbortController();
  private isLost = false;
  private failures = 0;
  /** Index of the first record that is not committed. */
  private committed = 0;

  constructor(
    private readonly records: readonly StoredRecord[],
    private readonly options: InHandOptions,
  ) {
    this.done = this.run();
  }

  /** Aborts the handler's signal. It may still commit what it has done, until {@link lose}. */
  stop(): void {
    this.abort.abort();
  }

  /** From now on commits are refused: the partition is no longer this member's. */
  lose(): void {
    this.isLost = true;
    this.abort.abort();
  }

  private async run(): Promise<void> {
    for (let next = 0; next < this.records.length && !this.isStopping();) {
      const part = this.records.slice(next, next + this.options.maxBatch);
      try {
        await this.handle(part);
        next += part.length;
        this.failures = 0;
      } catch (error) {
        next = this.committed;
        await this.recover(error);
      }
    }
  }

  private isStopping(): boolean {
    return this.abort.signal.aborted;
  }

  private handle(part: readonly StoredRecord[]): Promise<void> {
    const { topic, partition } = part[0] as StoredRecord;
    return this.options.handler({
      topic,
      partition,
      records: part,
      signal: this.abort.signal,
      commit: (offset) => this.commit(offset),
    });
  }

  private async commit(offset: bigint): Promise<void> {
    const { topic, partition } = this.records[0] as StoredRecord;
    const fenced = (): Error =>
      messagingProblem('conflict', 'fenced', `partition ${partition} of '${topic}' has moved to another member`);
    if (this.isLost) throw fenced();
    try {
      await this.options.commit(offset + 1n);
    } catch (error) {
      if (!isFenced(error)) throw kafkaProblem(error);
      this.lose();
      throw fenced();
    }
    const index = this.records.findIndex((record) => record.offset > offset);
    this.committed = index === -1 ? this.records.length : index;
  }

  private async recover(error: unknown): Promise<void> {
    if (this.isStopping()) return;
    this.failures += 1;
    const { topic, partition } = this.records[0] as StoredRecord;
    const fields = { err: error, topic, partition, failures: this.failures };
    this.options.logger.warn(fields, 'batch failed, will be handled again');
    await pause(backOffMs(this.failures), this.abort.signal);
  }
}
