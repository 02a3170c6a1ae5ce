import type { RecordBatch, StoredRecord } from '../event-log.port.js';
import type { Commits } from './commits.js';

/** Which records of a batch are done, and up to where all are. */
export class BatchProgress {
  private readonly ended = new Set<StoredRecord>();
  /** Index of the first record that is not done. */
  private next = 0;

  constructor(
    private readonly batch: RecordBatch,
    private readonly commits: Commits,
  ) {}

  done(record: StoredRecord): void {
    const { records } = this.batch;
    const before = this.next;
    this.ended.add(record);
    for (let first = records[this.next]; first && this.ended.delete(first); first = records[this.next]) this.next += 1;
    const last = records[this.next - 1];
    if (last && this.next > before) this.commits.note(this.batch, last.offset);
  }
}
