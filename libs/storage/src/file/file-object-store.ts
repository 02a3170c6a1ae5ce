import { link, lstat, rm, type FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { isTenantId, systemClock, type Clock, type Digest, type TenantId } from '@myriad/kernel';
import { ByteMeter, chunksOf, collect, verified } from '../byte-meter.js';
import { checkRange, resolveRange } from '../byte-range.js';
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
import type { HasSealedObjects } from '../sealed/sealed-objects.port.js';
import { storageProblem } from '../storage-problem.js';
import { DoorUrls } from './door-urls.js';
import { TempFiles, ensureFolder, isCode, openForReading, removeFile } from './durable-files.js';
import { FileDocuments } from './file-documents.js';
import { FileSealedObjects } from './file-sealed-objects.js';
import { ObjectFolder, namesIn } from './object-folder.js';
import { UrlSigner } from './url-signer.js';

const READ_BYTES = 64 * 1024;
const MAX_REMEMBERED_CHECKS = 10_000;

export interface FileObjectStoreOptions {
  /** Folder of the store; made when it is not there. All of it on one file system. Processes of one machine may share it. */
  readonly root: string;
  /** Where {@link createObjectDoor} answers, e.g. `https://objects.example.com/objects`. Without it and the key, presigning is refused. */
  readonly publicUrl?: string;
  /** Secret of the presigned URLs, at least 32 bytes, the same in every process that signs or serves them. */
  readonly signingKey?: Uint8Array;
  readonly clock?: Pick<Clock, 'nowMs'>;
}

/**
 * Objects as files: `<root>/<tenant>/sha256/<2 hex digits>/<62>`, written beside and moved into place when whole and on disk; `<root>/.tmp` holds what is being written.
 */
export class FileObjectStore implements ObjectStore, HasSealedObjects {
  /** For {@link EncryptingObjectStore}. */
  readonly sealed: FileSealedObjects;
  private readonly door: DoorUrls;
  private readonly root: string;
  private readonly folder: ObjectFolder;
  private readonly temps: TempFiles;
  private readonly documents: FileDocuments;
  /** Objects whose bytes {@link withLocalFile} found right, with the state of the file at that time. */
  private readonly checkedFiles = new Map<string, string>();

  private constructor({ root, publicUrl, signingKey, clock = systemClock }: FileObjectStoreOptions) {
    this.root = resolve(root);
    this.temps = new TempFiles(join(this.root, '.tmp'));
    this.folder = new ObjectFolder(this.root, 'sha256');
    this.documents = new FileDocuments(this.root, this.temps);
    this.sealed = new FileSealedObjects(this.root, this.temps, this.documents);
    const canSign = publicUrl !== undefined && signingKey !== undefined;
    this.door = new DoorUrls(canSign ? new UrlSigner(publicUrl, signingKey, clock) : undefined, this.head.bind(this));
  }

  /** Signs and checks presigned URLs; undefined when the store was opened without a key. */
  get urls(): UrlSigner | undefined {
    return this.door.signer;
  }

  /** Makes the folder and removes what ended processes left half written. */
  static async open(options: FileObjectStoreOptions): Promise<FileObjectStore> {
    const store = new FileObjectStore(options);
    await store.temps.open();
    return store;
  }

  async put(tenantId: TenantId, bytes: Readable | Uint8Array, options: PutOptions = {}): Promise<ObjectInfo> {
    const tenant = checkTenant(tenantId);
    if (options.expectedDigest !== undefined) hexOf(options.expectedDigest);
    const meter = new ByteMeter(options.maxSizeBytes);
    let info: ObjectInfo | undefined;
    await this.temps.publish(async (file) => {
      for await (const chunk of chunksOf(bytes)) {
        meter.add(chunk);
        await file.writeFile(chunk);
      }
      info = meter.finish(options);
      return this.folder.pathOf(tenant, info.digest);
    });
    if (info === undefined) throw new TypeError('a published file has no digest');
    return info;
  }

  async get(tenantId: TenantId, digest: Digest, range?: ByteRange): Promise<Readable> {
    if (range !== undefined) checkRange(range);
    const { file, info } = await this.openObject(tenantId, digest);
    try {
      if (range === undefined) return verified(file.createReadStream({ highWaterMark: READ_BYTES }), info);
      return file.createReadStream({ ...resolveRange(range, info.sizeBytes), highWaterMark: READ_BYTES });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async getBytes(tenantId: TenantId, digest: Digest, maxSizeBytes = DEFAULT_MAX_BYTES_IN_MEMORY): Promise<Buffer> {
    const { file, info } = await this.openObject(tenantId, digest);
    if (info.sizeBytes > maxSizeBytes) {
      await file.close();
      throw storageProblem.tooLarge(maxSizeBytes);
    }
    return collect(verified(file.createReadStream({ highWaterMark: READ_BYTES }), info), info.sizeBytes);
  }

  async head(tenantId: TenantId, digest: Digest): Promise<ObjectInfo | undefined> {
    const stats = await this.folder.stat(tenantId, digest);
    return stats && { digest, sizeBytes: stats.size };
  }

  async delete(tenantId: TenantId, digest: Digest): Promise<void> {
    await removeFile(this.folder.pathOf(tenantId, digest));
  }

  deleteUnchanged(tenantId: TenantId, listed: StoredObject): Promise<boolean> {
    return this.folder.deleteUnchanged(tenantId, listed);
  }

  list(tenantId: TenantId): AsyncIterable<StoredObject> {
    return this.folder.list(tenantId);
  }

  async *tenants(): AsyncGenerator<TenantId, void> {
    for (const name of await namesIn(this.root)) if (isTenantId(name)) yield name;
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

  /** Hands out a second name of the file, so that a deletion meanwhile does not take it away. Each file's digest is checked once a process and state of the file. */
  async withLocalFile<T>(tenantId: TenantId, digest: Digest, use: (path: string) => Promise<T>): Promise<T> {
    const path = this.temps.newPath();
    try {
      await link(this.folder.pathOf(tenantId, digest), path);
    } catch (error) {
      throw isCode(error, 'ENOENT') ? storageProblem.objectNotFound(digest) : error;
    }
    try {
      await this.checkFile(`${tenantId}/${digest}`, digest, path);
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

  documentNames(tenantId: TenantId): AsyncIterable<string> {
    return this.documents.names(tenantId);
  }

  async ping(): Promise<void> {
    await ensureFolder(this.root);
    const probe = join(this.root, '.ping');
    await this.temps.publish(async (file) => {
      await file.writeFile(new Date().toISOString());
      return probe;
    });
  }

  private async openObject(tenantId: TenantId, digest: Digest): Promise<{ file: FileHandle; info: ObjectInfo }> {
    const file = await openForReading(this.folder.pathOf(tenantId, digest));
    if (!file) throw storageProblem.objectNotFound(digest);
    const { size: sizeBytes } = await file.stat();
    return { file, info: { digest, sizeBytes } };
  }

  private async checkFile(key: string, digest: Digest, path: string): Promise<void> {
    const { ino, size, mtimeNs } = await lstat(path, { bigint: true });
    const state = `${ino} ${size} ${mtimeNs}`;
    if (this.checkedFiles.get(key) === state) return;
    const file = await openForReading(path);
    if (!file) throw storageProblem.objectNotFound(digest);
    const bytes = verified(file.createReadStream({ highWaterMark: READ_BYTES }), { digest, sizeBytes: Number(size) });
    await finished(bytes.resume());
    if (this.checkedFiles.size >= MAX_REMEMBERED_CHECKS) this.checkedFiles.clear();
    this.checkedFiles.set(key, state);
  }
}
