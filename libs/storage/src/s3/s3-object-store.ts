import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isTenantId, systemClock, type Clock, type Digest, type TenantId } from '@myriad/kernel';
import { ByteMeter, collect, verified } from '../byte-meter.js';
import { checkRange } from '../byte-range.js';
import { checkExpiry, digestOfHex, hexOf } from '../object-name.js';
import {
  DEFAULT_MAX_BYTES_IN_MEMORY,
  MAX_DOCUMENT_BYTES,
  type ByteRange,
  type ObjectInfo,
  type ObjectStore,
  type PresignedUrl,
  type PutOptions,
  type StoredObject,
} from '../object-store.port.js';
import type { HasSealedObjects } from '../sealed/sealed-objects.port.js';
import { storageProblem } from '../storage-problem.js';
import { putStream } from './put-stream.js';
import type { S3Bucket, S3Head } from './s3-bucket.js';
import { UNPROVEN_PREFIXES, keysOf } from './s3-keys.js';
import type { S3BucketOptions } from './s3-options.js';
import { S3SealedObjects } from './s3-sealed-objects.js';

/** Longer than any presigned URL lives. */
const STALE_MS = 48 * 3600 * 1000;

export interface S3ObjectStoreOptions extends S3BucketOptions {
  /** Folder for the copies of {@link S3ObjectStore.withLocalFile}. Default: the system's temporary folder. */
  readonly scratchFolder?: string;
  readonly clock?: Pick<Clock, 'nowMs'>;
}

/**
 * Objects in an S3 bucket: `<tenant>/sha256/<64 hex digits>`, documents `<tenant>/documents/<name>`. What has no proven digest yet lies under {@link UNPROVEN_PREFIXES}.
 */
export class S3ObjectStore implements ObjectStore, HasSealedObjects {
  /** For {@link EncryptingObjectStore}. */
  readonly sealed: S3SealedObjects;

  private constructor(
    private readonly bucket: S3Bucket,
    private readonly clock: Pick<Clock, 'nowMs'>,
    private readonly scratchFolder: string,
  ) {
    this.sealed = new S3SealedObjects(bucket, scratchFolder);
  }

  /** Loads the SDK; does not reach the server unless it is to make the bucket. */
  static async open(options: S3ObjectStoreOptions): Promise<S3ObjectStore> {
    const { S3Bucket } = await import('./s3-bucket.js');
    const { clock = systemClock, scratchFolder = tmpdir() } = options;
    return new S3ObjectStore(await S3Bucket.open(options), clock, scratchFolder);
  }

  async put(tenantId: TenantId, bytes: Readable | Uint8Array, options: PutOptions = {}): Promise<ObjectInfo> {
    return putStream(this.bucket, keysOf(tenantId), bytes, options);
  }

  async get(tenantId: TenantId, digest: Digest, range?: ByteRange): Promise<Readable> {
    if (range !== undefined) checkRange(range);
    const found = await this.bucket.get(keysOf(tenantId).object(digest), range);
    if (found === undefined) throw storageProblem.objectNotFound(digest);
    if (found === 'unsatisfiable')
      throw storageProblem.rangeInvalid(`the object ends before byte ${range?.start ?? 0}`);
    return range ? found.body : verified(found.body, { digest, sizeBytes: found.sizeBytes });
  }

  async getBytes(tenantId: TenantId, digest: Digest, maxSizeBytes = DEFAULT_MAX_BYTES_IN_MEMORY): Promise<Buffer> {
    const found = await this.bucket.get(keysOf(tenantId).object(digest));
    if (found === undefined || found === 'unsatisfiable') throw storageProblem.objectNotFound(digest);
    const { body, sizeBytes } = found;
    if (sizeBytes > maxSizeBytes) {
      body.destroy();
      throw storageProblem.tooLarge(maxSizeBytes);
    }
    return collect(verified(body, { digest, sizeBytes }), sizeBytes);
  }

  async head(tenantId: TenantId, digest: Digest): Promise<ObjectInfo | undefined> {
    const found = await this.bucket.head(keysOf(tenantId).object(digest));
    return found && { digest, sizeBytes: found.sizeBytes };
  }

  async delete(tenantId: TenantId, digest: Digest): Promise<void> {
    await this.bucket.delete(keysOf(tenantId).object(digest));
  }

  async deleteUnchanged(tenantId: TenantId, { digest, modifiedMs }: StoredObject): Promise<boolean> {
    return this.bucket.deleteUnchanged(keysOf(tenantId).object(digest), modifiedMs);
  }

  async *list(tenantId: TenantId): AsyncIterable<StoredObject> {
    const prefix = keysOf(tenantId).objects;
    for await (const { key, ...object } of this.bucket.list(prefix)) {
      const digest = digestOfHex(key.slice(prefix.length));
      if (digest) yield { digest, ...object };
    }
  }

  async *tenants(): AsyncIterable<TenantId> {
    for await (const name of this.bucket.topFolders()) if (isTenantId(name)) yield name;
  }

  /** The bytes go to a place of their own until {@link confirmUpload}. @throws {ProblemError} `storage.too_large` over 5 GiB, which is the most that one PUT carries. */
  async presignUpload(
    tenantId: TenantId,
    digest: Digest,
    sizeBytes: number,
    expiresInSeconds: number,
  ): Promise<PresignedUrl> {
    const expiresAt = this.expiry(expiresInSeconds);
    const key = keysOf(tenantId).upload(digest);
    const sha256 = Buffer.from(hexOf(digest), 'hex').toString('base64');
    const { url, headers } = await this.bucket.presignPut(key, sha256, { sizeBytes, expiresInSeconds });
    return { url, method: 'PUT', headers, expiresAt };
  }

  /** Believes the SHA-256 that the server computed when the bytes came; reads them where it has none. */
  async confirmUpload(tenantId: TenantId, digest: Digest): Promise<ObjectInfo> {
    const keys = keysOf(tenantId);
    const uploaded = await this.bucket.head(keys.upload(digest));
    if (uploaded && !(await this.bucket.head(keys.object(digest)))) {
      const isProven = await this.prove(keys.upload(digest), digest, uploaded);
      if (isProven) await this.bucket.copy(keys.upload(digest), keys.object(digest), uploaded);
    }
    if (uploaded) await this.bucket.delete(keys.upload(digest));
    const info = await this.head(tenantId, digest);
    if (!info) throw storageProblem.objectNotFound(digest);
    return info;
  }

  async presignDownload(tenantId: TenantId, digest: Digest, expiresInSeconds: number): Promise<PresignedUrl> {
    const expiresAt = this.expiry(expiresInSeconds);
    const url = await this.bucket.presignGet(keysOf(tenantId).object(digest), expiresInSeconds);
    return { url, method: 'GET', headers: {}, expiresAt };
  }

  async withLocalFile<T>(tenantId: TenantId, digest: Digest, use: (path: string) => Promise<T>): Promise<T> {
    const bytes = await this.get(tenantId, digest);
    const folder = await mkdtemp(join(this.scratchFolder, 'myriad-object-'));
    try {
      const path = join(folder, hexOf(digest));
      await pipeline(bytes, createWriteStream(path, { mode: 0o600 })).catch((error: unknown) => {
        throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? storageProblem.full(error) : error;
      });
      return await use(path);
    } finally {
      bytes.destroy();
      await rm(folder, { recursive: true, force: true });
    }
  }

  async putDocument(
    tenantId: TenantId,
    name: string,
    bytes: Uint8Array,
    expectedVersion: string | null,
  ): Promise<string> {
    if (bytes.byteLength > MAX_DOCUMENT_BYTES) throw storageProblem.tooLarge(MAX_DOCUMENT_BYTES);
    const condition = expectedVersion === null ? ({ ifAbsent: true } as const) : { ifMatch: expectedVersion };
    const version = await this.bucket.put(keysOf(tenantId).document(name), bytes, condition);
    if (version === undefined) throw storageProblem.preconditionFailed(name);
    return version;
  }

  async getDocument(
    tenantId: TenantId,
    name: string,
  ): Promise<{ readonly bytes: Buffer; readonly version: string } | undefined> {
    const found = await this.bucket.get(keysOf(tenantId).document(name));
    if (found === undefined || found === 'unsatisfiable') return undefined;
    return { bytes: await collect(found.body, found.sizeBytes), version: found.etag };
  }

  async *documentNames(tenantId: TenantId): AsyncIterable<string> {
    const { documents } = keysOf(tenantId);
    for await (const { key } of this.bucket.list(documents)) yield key.slice(documents.length);
  }

  ping(): Promise<void> {
    return this.bucket.ping();
  }

  /** Removes what uploads that nobody finished left in the bucket, when it is older than 48 hours or `olderThanMs`. */
  async clean(olderThanMs = STALE_MS): Promise<void> {
    await this.bucket.abortStaleMultiparts(olderThanMs);
    for (const prefix of Object.values(UNPROVEN_PREFIXES))
      for await (const { key, modifiedMs } of this.bucket.list(prefix))
        if (this.clock.nowMs() - modifiedMs > olderThanMs) await this.bucket.delete(key);
  }

  /** Closes the connections. */
  close(): void {
    this.bucket.close();
  }

  /** False when the upload changed or went meanwhile: another confirmation was faster. @throws {ProblemError} `storage.digest_mismatch`, and the upload is gone. */
  private async prove(key: string, digest: Digest, uploaded: S3Head): Promise<boolean> {
    const actual = await this.digestAt(key, uploaded);
    if (actual === digest) return true;
    if (actual === undefined) return false;
    await this.bucket.delete(key);
    throw storageProblem.digestMismatch(digest, actual);
  }

  private async digestAt(key: string, { sha256, etag }: S3Head): Promise<Digest | undefined> {
    if (sha256 !== undefined) return `sha256:${Buffer.from(sha256, 'base64').toString('hex')}`;
    const found = await this.bucket.get(key);
    if (found === undefined || found === 'unsatisfiable') return undefined;
    const meter = new ByteMeter();
    for await (const chunk of found.body) meter.add(chunk as Buffer);
    return found.etag === etag ? meter.finish().digest : undefined;
  }

  private expiry(expiresInSeconds: number): string {
    return new Date(this.clock.nowMs() + checkExpiry(expiresInSeconds) * 1000).toISOString();
  }
}
