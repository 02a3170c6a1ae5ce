import type { ObjectStore } from './object-store.port.js';
import { LocalCopies } from './local/local-copies.js';
import { EncryptingObjectStore } from './sealed/encrypting-object-store.js';

/**
 * A folder of this machine for copies of what the store holds: encrypted as the store is, under the same tenants' keys, so that a purged tenant's copies can't be read either.
 * @throws when the folder can't be made
 */
export function openLocalCopies(store: Pick<ObjectStore, 'getBytes'>, root: string): Promise<LocalCopies> {
  return LocalCopies.open(root, store instanceof EncryptingObjectStore ? store.keys : undefined);
}
