import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Digest, TenantId } from '@myriad/kernel';
import { ByteMeter, chunksOf, metered } from '../byte-meter.js';
import { checkRange } from '../byte-range.js';
import { DoorUrls } from '../file/door-urls.js';
import type { UrlSigner } from '../file/url-signer.js';
import { KEYRING_NAME } from '../keys/local-tenant-keys.js';
import type { TenantKeys } from '../keys/tenant-keys.port.js';
import { checkTenant, hexOf } from '../object-name.js';
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
import { storageProblem } from '../storage-problem.js';
import { mergeLists } from './merge-lists.js';
import { encodeHeader, objectKey, plainSizeOf } from './seal-layout.js';
import { SealedDocuments } from './sealed-documents.js';
import { SealedReader, objectBinding } from './sealed-reader.js';
import type { HasSealedObjects } from './sealed-objects.port.js';
import { sealStream } from './seal-stream.js';

export interface EncryptingObjectStoreOptions {
  readonly keys: TenantKeys;
  /** Signs the URLs of the door that decrypts. Without it presigning is refused. */
  readonly urls?: UrlSigner;
  /** Whether objects and documents that were stored before encryption was turned on are read. Default true. */
  readonly acceptsPlaintext?: boolean;
}

/**
 * Encrypts what the inner store keeps, each object under a key of its own that only the tenant's key opens. Names stay the digests of the plain bytes, sizes and ranges those of the plain bytes.
 * What it reads is authenticated, segment by segment; no bytes come out that were not put in under this tenant, name and position.
 */
export class EncryptingObjectStore implements ObjectStore {
  readonly keys: TenantKeys;
  private readonly door: DoorUrls;
  private readonly documents: SealedDocuments;
  private readonly acceptsPlaintext: boolean;

  private constructor(
    readonly inner: ObjectStore & HasSealedObjects,
    { keys, urls, acceptsPlaintext = true }: EncryptingObjectStoreOptions,
  ) {
    this.keys = keys;
    this.door = new DoorUrls(urls, this.head.bind(this));
    this.acceptsPlaintext = acceptsPlaintext;
    this.documents = new SealedDocuments(inner, keys, acceptsPlaintext);
  }

  /** Signs and checks presigned URLs; undefined when the store was opened without a key. */
  get urls(): UrlSigner | undefined {
    return this.door.signer;
  }

  /** Removes decrypted copies that ended processes left. */
  static async open(
    inner: ObjectStore & HasSealedObjects,
    options: EncryptingObjectStoreOptions,
  ): Promise<EncryptingObjectStore> {
    await inner.sealed.temps.open();
    return new EncryptingObjectStore(inner, options);
  }

  async put(tenantId: TenantId, bytes: Readable | Uint8Array, options: PutOptions = {}): Promise<ObjectInfo> {
    checkTenant(tenantId);
    const { expectedDigest: announced } = options;
    if (announced !== undefined) hexOf(announced);
    const { plain, wrapped } = await this.keys.newDataKey(tenantId).catch((error: unknown) => {
      if (!(bytes instanceof Uint8Array)) bytes.destroy();
      throw error;
    });
    const salt = randomBytes(32);
    const sealing = { header: encodeHeader({ salt, wrapped }), key: objectKey(plain, salt, tenantId) };
    const meter = new ByteMeter(options.maxSizeBytes);
    let info: ObjectInfo | undefined;
    const finish = (): ObjectInfo => (info ??= meter.finish(options));
    const stream = sealStream(metered(chunksOf(bytes), meter), sealing, () => {
      const { digest, sizeBytes } = finish();
      return objectBinding(digest, sizeBytes);
    });
    const naming = { finish: () => finish().digest, ...(announced === undefined ? {} : { announced }) };
    await this.inner.sealed.write(tenantId, stream, naming);
    return finish();
  }

  async get(tenantId: TenantId, digest: Digest, range?: ByteRange): Promise<Readable> {
    if (range !== undefined) checkRange(range);
    const reader = await this.reader(tenantId, digest);
    return reader ? reader.stream(range) : this.inner.get(tenantId, digest, range);
  }

  async getBytes(tenantId: TenantId, digest: Digest, maxSizeBytes = DEFAULT_MAX_BYTES_IN_MEMORY): Promise<Buffer> {
    const reader = await this.reader(tenantId, digest);
    if (!reader) return this.inner.getBytes(tenantId, digest, maxSizeBytes);
    if (reader.sizeBytes <= maxSizeBytes) return reader.whole();
    await reader.close();
    throw storageProblem.tooLarge(maxSizeBytes);
  }

  async head(tenantId: TenantId, digest: Digest): Promise<ObjectInfo | undefined> {
    const sealedBytes = await this.inner.sealed.head(tenantId, digest);
    if (sealedBytes !== undefined) return { digest, sizeBytes: plainSizeOf(sealedBytes) ?? 0 };
    return this.acceptsPlaintext ? this.inner.head(tenantId, digest) : undefined;
  }

  async delete(tenantId: TenantId, digest: Digest): Promise<void> {
    await this.inner.sealed.delete(tenantId, digest);
    await this.inner.delete(tenantId, digest);
  }

  /** Both forms, when it has been stored in plain and encrypted. */
  async deleteUnchanged(tenantId: TenantId, listed: StoredObject): Promise<boolean> {
    return (
      (await this.inner.sealed.deleteUnchanged(tenantId, listed)) &&
      (await this.inner.deleteUnchanged(tenantId, listed))
    );
  }

  list(tenantId: TenantId): AsyncIterable<StoredObject> {
    const sealed = this.listSealed(tenantId);
    return this.acceptsPlaintext ? mergeLists(sealed, this.inner.list(tenantId)) : sealed;
  }

  tenants(): AsyncIterable<TenantId> {
    return this.inner.tenants();
  }

  presignUpload(...upload: Parameters<ObjectStore['presignUpload']>): Promise<PresignedUrl> {
    return this.door.presignUpload(...upload);
  }

  confirmUpload(tenantId: TenantId, digest: Digest): Promise<ObjectInfo> {
    return this.door.confirmUpload(tenantId, digest);
  }

  presignDownload(...download: Parameters<ObjectStore['presignDownload']>): Promise<PresignedUrl> {
    return this.door.presignDownload(...download);
  }

  /** The file is a decrypted copy, removed after use, or by the next start when this process dies. */
  async withLocalFile<T>(tenantId: TenantId, digest: Digest, use: (path: string) => Promise<T>): Promise<T> {
    const reader = await this.reader(tenantId, digest);
    if (!reader) return this.inner.withLocalFile(tenantId, digest, use);
    const path = this.inner.sealed.temps.newPath();
    try {
      const file = createWriteStream(path, { mode: 0o600, flags: 'wx' });
      await pipeline(await reader.stream(), file).catch((error: unknown) => {
        throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? storageProblem.full(error) : error;
      });
      return await use(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  putDocument(tenantId: TenantId, name: string, bytes: Uint8Array, expectedVersion: string | null): Promise<string> {
    if (bytes.byteLength > MAX_DOCUMENT_BYTES) return Promise.reject(storageProblem.tooLarge(MAX_DOCUMENT_BYTES));
    return this.documents.put(tenantId, name, bytes, expectedVersion);
  }

  getDocument(
    tenantId: TenantId,
    name: string,
  ): Promise<{ readonly bytes: Buffer; readonly version: string } | undefined> {
    return this.documents.get(tenantId, name);
  }

  /** Without the keyring, which is no document of ours where it lies in the same bucket. */
  async *documentNames(tenantId: TenantId): AsyncIterable<string> {
    for await (const name of this.inner.documentNames(tenantId)) if (name !== KEYRING_NAME) yield name;
  }

  async ping(): Promise<void> {
    await Promise.all([this.inner.ping(), this.keys.ping()]);
  }

  /** undefined: only a plain object can be there. @throws {ProblemError} `storage.object_not_found` when none would be read. */
  private async reader(tenantId: TenantId, digest: Digest): Promise<SealedReader | undefined> {
    const object = await this.inner.sealed.open(tenantId, digest);
    if (object) return SealedReader.open(object, { tenantId, digest, keys: this.keys });
    if (!this.acceptsPlaintext) throw storageProblem.objectNotFound(digest);
    return undefined;
  }

  private async *listSealed(tenantId: TenantId): AsyncGenerator<StoredObject, void> {
    for await (const { sizeBytes, ...object } of this.inner.sealed.list(tenantId))
      yield { ...object, sizeBytes: plainSizeOf(sizeBytes) ?? 0 };
  }
}
