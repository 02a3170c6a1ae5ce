import type { Digest, TenantId } from '@myriad/kernel';
import type { KeyDestruction } from '../keys/tenant-keys.port.js';
import type { ObjectStore } from '../object-store.port.js';
import { EncryptingObjectStore } from './encrypting-object-store.js';

const DELETIONS_AT_ONCE = 16;

/** What {@link shredTenant} destroyed. */
export interface ShredReceipt {
  /** null: the store does not encrypt. */
  readonly keys: KeyDestruction | null;
  /** Objects that this call deleted. */
  readonly objects: number;
  readonly sizeBytes: number;
}

/**
 * Makes everything that a tenant has in the store unreadable, by destroying its key, and then deletes the objects. Safe to repeat; from the first moment on nothing new can be stored for the tenant.
 * Other processes that had a data key in memory use it for `OBJECT_KEY_CACHE_SECONDS` at most. Without encryption it only deletes.
 */
export async function shredTenant(store: ObjectStore, tenantId: TenantId): Promise<ShredReceipt> {
  const keys = store instanceof EncryptingObjectStore ? await store.keys.destroy(tenantId) : null;
  let [objects, sizeBytes] = [0, 0];
  let batch: Digest[] = [];
  const deleteBatch = async (): Promise<void> => {
    await Promise.all(batch.map((digest) => store.delete(tenantId, digest)));
    batch = [];
  };
  for await (const info of store.list(tenantId)) {
    batch.push(info.digest);
    objects += 1;
    sizeBytes += info.sizeBytes;
    if (batch.length >= DELETIONS_AT_ONCE) await deleteBatch();
  }
  await deleteBatch();
  return { keys, objects, sizeBytes };
}

/** A new version of the tenant's key: its number, or undefined when the store does not encrypt. @throws {ProblemError} `storage.key_destroyed`. */
export async function rotateTenantKey(store: ObjectStore, tenantId: TenantId): Promise<number | undefined> {
  if (!(store instanceof EncryptingObjectStore)) return undefined;
  return (await store.keys.rotate(tenantId)).version;
}
