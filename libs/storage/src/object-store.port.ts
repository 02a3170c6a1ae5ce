import type { Readable } from 'node:stream';
import type { Digest, TenantId } from '@myriad/kernel';

/** Longest that {@link ObjectStore.getBytes} reads when the caller sets no other limit: 64 MiB. */
export const DEFAULT_MAX_BYTES_IN_MEMORY = 64 * 1024 * 1024;
/** Longest document: 1 MiB. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** What is known of a stored object. */
export interface ObjectInfo {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** An object as a list shows it. */
export interface StoredObject extends ObjectInfo {
  /** When its bytes were stored last, Unix milliseconds by the store's clock; a bucket knows whole seconds. */
  readonly modifiedMs: number;
}

export interface PutOptions {
  /** When given and the bytes differ, nothing is stored. */
  readonly expectedDigest?: Digest;
  /** More bytes than this are refused, and nothing is stored. Default: no limit. */
  readonly maxSizeBytes?: number;
}

/** Inclusive byte positions, as in HTTP: `{start: 0, end: 9}` is the first ten bytes; `end` past the last byte means to the end. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

/** A URL that lets its holder do one thing with one object for a while, without any other credential. */
export interface PresignedUrl {
  readonly url: string;
  readonly method: 'GET' | 'PUT';
  /** Headers the holder must send. */
  readonly headers: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/**
 * Content-addressed objects of each tenant, named by the SHA-256 of their bytes. Bytes are streamed, never held whole; the digest is checked on write and on every whole read.
 * Objects of another tenant are not found, whoever asks.
 */
export interface ObjectStore {
  /**
   * Stores the bytes; equal bytes are stored once a tenant, and count as stored now. A stream that fails fails the call with its error, and a call that fails destroys the stream.
   * @throws {ProblemError} `storage.digest_mismatch`, `storage.too_large`, `storage.full`.
   */
  put(tenantId: TenantId, bytes: Readable | Uint8Array, options?: PutOptions): Promise<ObjectInfo>;
  /** Streams the object or a range of it; a whole read that does not match its digest ends in `storage.corrupt`. @throws {ProblemError} `storage.object_not_found`, `storage.range_invalid`. */
  get(tenantId: TenantId, digest: Digest, range?: ByteRange): Promise<Readable>;
  /** The whole object in memory, for small ones. @throws {ProblemError} `storage.too_large` over `maxSizeBytes` (default 64 MiB), and what {@link get} throws. */
  getBytes(tenantId: TenantId, digest: Digest, maxSizeBytes?: number): Promise<Buffer>;
  /** undefined when the tenant has no such object. */
  head(tenantId: TenantId, digest: Digest): Promise<ObjectInfo | undefined>;
  /** Removes the object; nothing happens when it is not there. */
  delete(tenantId: TenantId, digest: Digest): Promise<void>;
  /** Removes an object that was listed unless it was stored again since; false when it was. True when it was gone already. */
  deleteUnchanged(tenantId: TenantId, listed: StoredObject): Promise<boolean>;
  /** Every object of the tenant, in order of the digests. */
  list(tenantId: TenantId): AsyncIterable<StoredObject>;
  /** Tenants that have or had objects, in no order. */
  tenants(): AsyncIterable<TenantId>;
  /** Lets the holder upload exactly the bytes of `digest` (the server or {@link confirmUpload} refuses others). `expiresInSeconds` 1–86,400. */
  presignUpload(tenantId: TenantId, digest: Digest, sizeBytes: number, expiresInSeconds: number): Promise<PresignedUrl>;
  /** Checks a presigned upload's bytes against its digest and makes it an object. @throws {ProblemError} `storage.object_not_found`, `storage.digest_mismatch`. */
  confirmUpload(tenantId: TenantId, digest: Digest): Promise<ObjectInfo>;
  presignDownload(tenantId: TenantId, digest: Digest, expiresInSeconds: number): Promise<PresignedUrl>;
  /** A file on this machine that holds the object for as long as `use` runs; the file itself for a file store, else a checked temporary copy. */
  withLocalFile<T>(tenantId: TenantId, digest: Digest, use: (path: string) => Promise<T>): Promise<T>;
  /**
   * Writes a small named mutable document if it is at `expectedVersion` (null: if it does not exist), and returns the new version, which names the content: equal contents have equal versions.
   * Of concurrent writers that expect the same version one wins, across processes. Names are lower case letters, digits, `.`, `_`, `-`, 1–200 characters, starting with a letter or digit.
   * @throws {ProblemError} `storage.precondition_failed`, `storage.too_large` (over 1 MiB).
   */
  putDocument(tenantId: TenantId, name: string, bytes: Uint8Array, expectedVersion: string | null): Promise<string>;
  getDocument(
    tenantId: TenantId,
    name: string,
  ): Promise<{ readonly bytes: Buffer; readonly version: string } | undefined>;
  /** Names of the tenant's documents, in order. */
  documentNames(tenantId: TenantId): AsyncIterable<string>;
  /** @throws when the store can't be reached or written. */
  ping(): Promise<void>;
}
