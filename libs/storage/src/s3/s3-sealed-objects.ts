import { join } from 'node:path';
import type { Digest, TenantId } from '@myriad/kernel';
import { collect } from '../byte-meter.js';
import { TempFiles } from '../file/durable-files.js';
import { digestOfHex } from '../object-name.js';
import type { StoredObject } from '../object-store.port.js';
import type { Naming, SealedObject, SealedObjects } from '../sealed/sealed-objects.port.js';
import { storageProblem } from '../storage-problem.js';
import { putNamed } from './put-stream.js';
import type { S3Bucket, S3Head } from './s3-bucket.js';
import { keysOf } from './s3-keys.js';

/** Read with the first request, so that a small object needs no second: the header and four segments. */
const FIRST_BYTES = 256 * 1024;

/** Sealed objects in a bucket: `<tenant>/sealed/<64 hex digits>`. */
export class S3SealedObjects implements SealedObjects {
  readonly temps: TempFiles;

  constructor(
    private readonly bucket: S3Bucket,
    scratchFolder: string,
  ) {
    // a container's user may have no entry in /etc/passwd, which os.userInfo() asks for
    this.temps = new TempFiles(join(scratchFolder, `myriad-plain-${process.getuid?.() ?? 0}`));
  }

  async write(tenantId: TenantId, bytes: AsyncGenerator<Uint8Array, void>, naming: Naming): Promise<void> {
    const places = keysOf(tenantId);
    const target = { keyOf: (digest: Digest) => places.sealed(digest), unnamed: () => places.unnamed() };
    await putNamed({ bucket: this.bucket, ...target }, bytes, naming);
  }

  async open(tenantId: TenantId, digest: Digest): Promise<SealedObject | undefined> {
    const key = keysOf(tenantId).sealed(digest);
    const found = await this.bucket.get(key, { start: 0, end: FIRST_BYTES - 1 });
    if (found === undefined) return undefined;
    if (found === 'unsatisfiable') return EMPTY;
    const { totalBytes: sizeBytes, etag } = found;
    const first = await collect(found.body, found.sizeBytes);
    return {
      sizeBytes,
      read: (start, end) => this.read(key, { first, etag }, { start, end: Math.min(end, sizeBytes - 1) }),
      replaceHead: (head) => this.bucket.replaceHead(key, head, { sizeBytes, etag }),
      close: () => Promise.resolve(),
    };
  }

  async head(tenantId: TenantId, digest: Digest): Promise<number | undefined> {
    return (await this.bucket.head(keysOf(tenantId).sealed(digest)))?.sizeBytes;
  }

  delete(tenantId: TenantId, digest: Digest): Promise<void> {
    return this.bucket.delete(keysOf(tenantId).sealed(digest));
  }

  async deleteUnchanged(tenantId: TenantId, { digest, modifiedMs }: StoredObject): Promise<boolean> {
    return this.bucket.deleteUnchanged(keysOf(tenantId).sealed(digest), modifiedMs);
  }

  async *list(tenantId: TenantId): AsyncGenerator<StoredObject, void> {
    const { sealedObjects: prefix } = keysOf(tenantId);
    for await (const { key, ...object } of this.bucket.list(prefix)) {
      const digest = digestOfHex(key.slice(prefix.length));
      if (digest) yield { digest, ...object };
    }
  }

  async putDocument(
    tenantId: TenantId,
    name: string,
    bytes: Uint8Array,
    expectedVersion: string | null,
  ): Promise<string> {
    const condition = expectedVersion === null ? ({ ifAbsent: true } as const) : { ifMatch: expectedVersion };
    const version = await this.bucket.put(keysOf(tenantId).document(name), bytes, condition);
    if (version === undefined) throw storageProblem.preconditionFailed(name);
    return version;
  }

  private async *read(
    key: string,
    { first, etag }: { readonly first: Buffer } & Pick<S3Head, 'etag'>,
    { start, end }: { readonly start: number; readonly end: number },
  ): AsyncGenerator<Uint8Array, void> {
    if (start < first.length) yield first.subarray(start, end + 1);
    const from = Math.max(start, first.length);
    if (from > end) return;
    const rest = await this.bucket.get(key, { start: from, end }, etag);
    if (rest === undefined || rest === 'unsatisfiable')
      throw storageProblem.unavailable('the object was replaced while it was read; try again');
    yield* rest.body as AsyncIterable<Uint8Array>;
  }
}

/** What damage can make of an object: a server gives no range of nothing. */
const EMPTY: SealedObject = {
  sizeBytes: 0,
  // eslint-disable-next-line @typescript-eslint/require-await -- nothing is to be awaited for nothing
  async *read() {
    yield new Uint8Array(0);
  },
  replaceHead: () => Promise.resolve(false),
  close: () => Promise.resolve(),
};
