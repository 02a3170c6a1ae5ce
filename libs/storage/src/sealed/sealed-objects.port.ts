import type { Digest, TenantId } from '@myriad/kernel';
import type { TempFiles } from '../file/durable-files.js';
import type { StoredObject } from '../object-store.port.js';

/** One state of a stored object: what is read of it belongs together, whoever replaces it meanwhile. */
export interface SealedObject {
  readonly sizeBytes: number;
  /** The bytes from `start` to `end`, or as many of them as there are; what is yielded holds until the next is asked for. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  /**
   * Puts other bytes in place of the first ones, in one step for whoever reads. False, and nothing is done, when the object was deleted or replaced meanwhile.
   * @param head as many bytes as are replaced
   */
  replaceHead(head: Buffer): Promise<boolean>;
  /** To be called once nothing is read any more. */
  close(): Promise<void>;
}

/** How a stream of sealed bytes gets its name: the digest of the plain ones, known when the last byte was read. */
export interface Naming {
  readonly announced?: Digest;
  /** Called after the last byte. */
  readonly finish: () => Digest;
}

/**
 * Where a store keeps objects that an encrypting store has sealed: they are named by the digest of other bytes than are stored, and lie apart from the plain ones. What a write that failed left
 * is as invisible as with plain objects.
 */
export interface SealedObjects {
  /** For decrypted copies: cleaned of what ended processes left. */
  readonly temps: TempFiles;
  write(tenantId: TenantId, bytes: AsyncGenerator<Uint8Array, void>, naming: Naming): Promise<void>;
  open(tenantId: TenantId, digest: Digest): Promise<SealedObject | undefined>;
  /** How many sealed bytes there are; undefined when there is no such object. */
  head(tenantId: TenantId, digest: Digest): Promise<number | undefined>;
  delete(tenantId: TenantId, digest: Digest): Promise<void>;
  /** As the store's own. */
  deleteUnchanged(tenantId: TenantId, listed: StoredObject): Promise<boolean>;
  /** In order of the digests of the plain bytes; the sizes are of the sealed ones. */
  list(tenantId: TenantId): AsyncIterable<StoredObject>;
  /** As the store's documents, without their limit of size. */
  putDocument(tenantId: TenantId, name: string, bytes: Uint8Array, expectedVersion: string | null): Promise<string>;
}

/** A store that keeps sealed objects beside its own. */
export interface HasSealedObjects {
  readonly sealed: SealedObjects;
}
