import { FileObjectStore } from './file/file-object-store.js';
import type { ObjectStore } from './object-store.port.js';
import { EncryptingObjectStore } from './sealed/encrypting-object-store.js';

/**
 * A folder of this machine for copies of what the store holds: encrypted as the store is, under the same tenants' keys, so that a purged tenant's copies can't be read either.
 * @throws when the folder can't be made or written
 */
export async function openLocalCopies(store: ObjectStore, root: string): Promise<ObjectStore> {
  const files = await FileObjectStore.open({ root });
  if (!(store instanceof EncryptingObjectStore)) return files;
  return EncryptingObjectStore.open(files, { keys: store.keys, acceptsPlaintext: false });
}
