import { PassThrough } from 'node:stream';
import type { TenantId } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import type { StoredFile } from '../../domain/batch-job.js';

/** First line of a part. It names the job, so that two jobs never share a part and those of one can be deleted. */
export const partHead = (label: string): string => `#${label}\n`;

/** An object that is written bit by bit, as fast as the store takes it. */
export class ObjectPart {
  private readonly stream = new PassThrough();
  private readonly stored: Promise<StoredFile>;

  constructor(objects: ObjectStore, tenantId: TenantId, label: string) {
    this.stored = objects.put(tenantId, this.stream);
    // told by write() or finish(), whichever comes first
    this.stored.catch(() => undefined);
    this.stream.on('error', () => undefined);
    this.stream.write(partHead(label));
  }

  async write(text: string): Promise<void> {
    if (this.stream.destroyed) await this.stored;
    if (this.stream.write(text)) return;
    const drained = new Promise<void>((resolve) => this.stream.once('drain', resolve));
    await Promise.race([drained, this.stored]);
  }

  finish(): Promise<StoredFile> {
    this.stream.end();
    return this.stored;
  }

  /** Nothing is stored, unless it was already. */
  async abort(): Promise<void> {
    this.stream.destroy(new Error('the part was given up'));
    await this.stored.catch(() => undefined);
  }
}
