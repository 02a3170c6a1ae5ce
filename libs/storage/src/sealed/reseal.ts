import type { TenantId } from '@myriad/kernel';
import type { EncryptingObjectStore } from './encrypting-object-store.js';
import { encodeHeader } from './seal-layout.js';
import { readHeader } from './sealed-reader.js';

/** What {@link resealTenant} found and did. */
export interface ResealReport {
  /** Objects that were stored in plain and are encrypted now. */
  readonly encrypted: number;
  /** Objects whose data key was wrapped anew by the newest version. */
  readonly rewrapped: number;
  /** Objects that were as they should be. */
  readonly unchanged: number;
  /** Objects that were deleted or replaced meanwhile; another run sees them as they are. */
  readonly skipped: number;
}

/**
 * Brings a tenant's objects to how they would be stored today: encrypts plain ones, and wraps data keys of older versions of the tenant's key anew, which rewrites only the object's header where the
 * store can (S3 copies the rest within the server; a file system with reflinks shares it). Safe to repeat, to stop at any time, and while others read and write.
 */
export async function resealTenant(store: EncryptingObjectStore, tenantId: TenantId): Promise<ResealReport> {
  const encrypted = await encryptPlain(store, tenantId);
  const { version } = await store.keys.status(tenantId);
  const counts = { rewrapped: 0, unchanged: 0, skipped: 0 };
  for await (const { digest } of store.inner.sealed.list(tenantId)) {
    const object = await store.inner.sealed.open(tenantId, digest);
    if (!object) continue;
    try {
      const { salt, wrapped } = await readHeader(object, digest);
      if (wrapped.version >= version) counts.unchanged += 1;
      else {
        const header = encodeHeader({ salt, wrapped: await store.keys.rewrap(tenantId, wrapped) });
        counts[(await object.replaceHead(header)) ? 'rewrapped' : 'skipped'] += 1;
      }
    } finally {
      await object.close();
    }
  }
  return { encrypted, ...counts, unchanged: Math.max(0, counts.unchanged - encrypted) };
}

async function encryptPlain(store: EncryptingObjectStore, tenantId: TenantId): Promise<number> {
  let count = 0;
  for await (const { digest } of store.inner.list(tenantId)) {
    await store.put(tenantId, await store.inner.get(tenantId, digest), { expectedDigest: digest });
    await store.inner.delete(tenantId, digest);
    count += 1;
  }
  return count;
}
