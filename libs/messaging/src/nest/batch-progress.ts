import type { RecordBatch, StoredRecord } from '../event-log.port.js';

/** Commits after this many records or milliseconds within a batch, whichever comes first. */
const COMMIT_EVERY = 100;
const COMMIT_EVERY_MS = 500;

/** Which records of a batch are done, and up to where all are. */
export class BatchProgress {
  private readonly ended = new Set<StoredRecord>();
  /** Index of the first record that is not done. */
  private next = 0;
  private committed = 0;
  private committedAtMs = performance.now();
  private committing: Promise<void> | undefined;

  constructor(private readonly batch: RecordBatch) {}

  /** Commits now and then, one commit at a time. */
  async done(record: StoredRecord): Promise<void> {
    const { records } = this.batch;
    this.ended.add(record);
    for (let first = records[this.next]; first && this.ended.delete(first); first = records[this.next]) this.next += 1;
    const isDue =
      this.next - this.committed >= COMMIT_EVERY || performance.now() - this.committedAtMs > COMMIT_EVERY_MS;
    if (isDue && !this.committing) await this.commit();
  }

  /** Commits everything up to the first record that is not done. */
  async commit(): Promise<void> {
    await this.committing;
    const last = this.batch.records[this.next - 1];
    if (!last || this.next === this.committed) return;
    [this.committed, this.committedAtMs] = [this.next, performance.now()];
    this.committing = this.batch.commit(last.offset).finally(() => {
      this.committing = undefined;
    });
    await this.committing;
  }
}
