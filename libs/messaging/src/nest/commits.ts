import { ProblemError } from '@myriad/kernel';
import type { RecordBatch } from '../event-log.port.js';
import type { MessagingLogger } from '../messaging-logger.js';

/** What is done is told to the log at the latest after this long, milliseconds. */
const COMMIT_AFTER_MS = 100;

/**
 * Tells the log what is done, for all partitions at once and not for every small batch: a commit costs the log as much as an event. What was
 * done and not yet told comes again after a crash, and the inbox knows it. A partition that is taken away is told of at once.
 */
export class Commits {
  /** By the signal of the batch, which is the partition's while it is held. */
  private readonly partitions = new Map<AbortSignal, PartitionCommits>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly logger: MessagingLogger) {}

  /** Partitions that something is kept of. */
  get size(): number {
    return this.partitions.size;
  }

  /** Everything of the batch's partition up to and including `offset` is done. */
  note(batch: RecordBatch, offset: bigint): void {
    this.of(batch).due = { batch, offset };
    if (batch.signal.aborted) void this.end(batch.signal);
    else this.schedule();
  }

  /** Commits what is noted of the batch's partition; never rejects: what could not be told comes again. */
  async flush(batch: RecordBatch): Promise<void> {
    await this.tell(batch.signal);
  }

  private of({ signal }: RecordBatch): PartitionCommits {
    const known = this.partitions.get(signal);
    if (known) return known;
    const made = new PartitionCommits();
    this.partitions.set(signal, made);
    signal.addEventListener('abort', () => void this.end(signal), { once: true });
    return made;
  }

  /** The last of a partition that is taken away, after which nothing is kept of it. What is done later comes here again. */
  private async end(signal: AbortSignal): Promise<void> {
    await this.tell(signal);
    this.partitions.delete(signal);
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const signal of this.partitions.keys()) void this.tell(signal);
    }, COMMIT_AFTER_MS).unref();
  }

  private async tell(signal: AbortSignal): Promise<void> {
    try {
      await this.partitions.get(signal)?.tell();
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'messaging.fenced') return;
      this.logger.warn({ err: error }, 'could not commit what is done, will be tried again');
      if (!signal.aborted) this.schedule();
    }
  }
}

interface Due {
  readonly batch: RecordBatch;
  readonly offset: bigint;
}

/** One commit at a time, always of the newest. */
class PartitionCommits {
  due: Due | undefined;
  private running: Promise<void> | undefined;

  tell(): Promise<void> {
    this.running ??= this.work().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async work(): Promise<void> {
    for (let { due } = this; due; { due } = this) {
      this.due = undefined;
      try {
        await due.batch.commit(due.offset);
      } catch (error) {
        this.due ??= due;
        throw error;
      }
    }
  }
}
