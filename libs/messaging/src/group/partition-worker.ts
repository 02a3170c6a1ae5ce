import type { BatchHandler, RecordBatch, StoredRecord } from '../event-log.port.js';
import type { MessagingLogger } from '../messaging-logger.js';
import { messagingProblem } from '../messaging-problem.js';
import { Gate, backOffMs, pause } from './gate.js';
import type { GroupBackend, Lease } from './group-backend.js';

export interface WorkerOptions {
  readonly backend: GroupBackend;
  readonly handler: BatchHandler;
  readonly maxBatch: number;
  readonly logger: MessagingLogger;
}

/** Reads one leased partition and gives its batches to the handler, one after the other. */
export class PartitionWorker {
  private readonly abort = new AbortController();
  private readonly arrived = new Gate();
  private readonly running: Promise<void>;
  private position: bigint;
  private committed: bigint;
  private failures = 0;
  private readonly commits = new Set<Promise<void>>();
  private inHand: readonly StoredRecord[] = [];

  /** Starts after `after`, the worker that held the same partition before in this process. */
  constructor(
    readonly lease: Lease,
    private readonly options: WorkerOptions,
    after: Promise<void> = Promise.resolve(),
  ) {
    this.position = lease.position;
    this.committed = lease.position;
    if (lease.end > lease.position) this.arrived.open();
    this.running = after.then(() => this.run());
  }

  /** Records may have come. */
  wake(end?: bigint): void {
    if (end === undefined || end > this.position) this.arrived.open();
  }

  /** When the oldest record in hand that is not committed was appended, Unix milliseconds. */
  get oldestMs(): number | undefined {
    return this.inHand.find(({ offset }) => offset >= this.committed)?.timestampMs;
  }

  get isStopping(): boolean {
    return this.abort.signal.aborted;
  }

  /** Aborts the batch's signal; resolves when the handler has returned and its commits are answered. */
  async stop(): Promise<void> {
    this.abort.abort();
    this.arrived.open();
    await this.running;
    await Promise.allSettled(this.commits);
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      await this.arrived.wait();
      try {
        await this.drain();
      } catch (error) {
        await this.recover(error);
      }
    }
  }

  private async drain(): Promise<void> {
    while (await this.next());
    this.failures = 0;
  }

  /** Handles one batch; false when there was none. */
  private async next(): Promise<boolean> {
    const { backend, handler, maxBatch } = this.options;
    const records = this.isStopping ? [] : await backend.read(this.lease, this.position, maxBatch);
    const last = records.at(-1);
    if (last === undefined || this.isStopping) return false;
    const { topic, partition } = this.lease;
    const batch: RecordBatch = {
      topic,
      partition,
      records,
      signal: this.abort.signal,
      commit: (offset) => {
        const answer = this.commit(offset).finally(() => this.commits.delete(answer));
        this.commits.add(answer);
        return answer;
      },
    };
    this.inHand = records;
    try {
      await handler(batch);
    } catch (error) {
      this.position = this.committed;
      throw error;
    }
    this.inHand = [];
    this.position = last.offset + 1n;
    this.failures = 0;
    return true;
  }

  private async commit(offset: bigint): Promise<void> {
    const { topic, partition } = this.lease;
    if (!(await this.options.backend.commit(this.lease, offset + 1n))) {
      this.abort.abort();
      throw messagingProblem('conflict', 'fenced', `partition ${partition} of '${topic}' has moved to another member`);
    }
    this.committed = offset + 1n;
  }

  /** What was not committed comes again after a pause. */
  private async recover(error: unknown): Promise<void> {
    if (this.isStopping) return;
    this.failures += 1;
    const { topic, partition } = this.lease;
    this.options.logger.warn(
      { err: error, topic, partition, failures: this.failures },
      'batch failed, will be read again',
    );
    await pause(backOffMs(this.failures), this.abort.signal);
    this.arrived.open();
  }
}
