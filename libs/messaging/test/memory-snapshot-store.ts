import { digestOf, type Digest, type TenantId } from '@myriad/kernel';
import type { SnapshotStore } from '../src/index.js';

type Document = Awaited<ReturnType<SnapshotStore['getDocument']>>;

/** A store that a test can damage, take away and interrupt. */
export class MemorySnapshotStore implements SnapshotStore {
  readonly objects = new Map<Digest, Buffer>();
  readonly documents = new Map<string, Buffer>();
  /** Called before each call; what it throws is the store's answer. */
  before: (call: keyof SnapshotStore) => void | Promise<void> = () => undefined;

  async put(_tenant: TenantId, bytes: Uint8Array): Promise<{ readonly digest: Digest }> {
    await this.before('put');
    const digest = digestOf(bytes);
    this.objects.set(digest, Buffer.from(bytes));
    return { digest };
  }

  async getBytes(_tenant: TenantId, digest: Digest): Promise<Buffer> {
    await this.before('getBytes');
    const bytes = this.objects.get(digest);
    if (bytes === undefined || digestOf(bytes) !== digest) throw new Error(`${digest} is missing or damaged`);
    return bytes;
  }

  async delete(_tenant: TenantId, digest: Digest): Promise<void> {
    await this.before('delete');
    this.objects.delete(digest);
  }

  async getDocument(_tenant: TenantId, name: string): Promise<Document> {
    await this.before('getDocument');
    const bytes = this.documents.get(name);
    return bytes && { bytes, version: digestOf(bytes) };
  }

  async putDocument(_tenant: TenantId, name: string, bytes: Uint8Array, expected: string | null): Promise<string> {
    await this.before('putDocument');
    const current = this.documents.get(name);
    if ((current ? digestOf(current) : null) !== expected) throw new Error('another writer was faster');
    this.documents.set(name, Buffer.from(bytes));
    return digestOf(bytes);
  }

  /** Changes the text of a document behind the writers' backs. */
  edit(name: string, change: (text: string) => string): void {
    this.documents.set(name, Buffer.from(change(String(this.documents.get(name)))));
  }
}
