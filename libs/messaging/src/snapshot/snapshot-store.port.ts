import type { Digest, TenantId } from '@myriad/kernel';

/** Where snapshots are kept: what they need of an object store. The `ObjectStore` of `@myriad/storage` is one as it stands. */
export interface SnapshotStore {
  /** Stores the bytes under their digest, whole or not at all. */
  put(tenantId: TenantId, bytes: Uint8Array): Promise<{ readonly digest: Digest }>;
  /** The bytes of that digest. @throws when there are none or others. */
  getBytes(tenantId: TenantId, digest: Digest): Promise<Buffer>;
  /** Nothing happens when there is none. */
  delete(tenantId: TenantId, digest: Digest): Promise<void>;
  getDocument(
    tenantId: TenantId,
    name: string,
  ): Promise<{ readonly bytes: Buffer; readonly version: string } | undefined>;
  /** Replaces the document of that version (null: makes the first) and returns the new one's version. @throws when another was faster. */
  putDocument(tenantId: TenantId, name: string, bytes: Uint8Array, expectedVersion: string | null): Promise<string>;
}
