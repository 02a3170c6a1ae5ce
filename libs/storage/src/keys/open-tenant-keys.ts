import { fault, missing } from '../config-fault.js';
import type { ObjectStoreConfig } from '../config.js';
import { FileObjectStore } from '../file/file-object-store.js';
import { CachingTenantKeys } from './caching-tenant-keys.js';
import { LocalTenantKeys, type KeyringDocuments } from './local-tenant-keys.js';
import { MasterSecrets } from './master-secret.js';

/**
 * The tenants' keys that the configuration names; undefined when nothing is to be encrypted.
 * @param bucket where a keyring without a folder lies
 * @throws {ConfigError} listing what they still need.
 */
export async function openTenantKeys(
  config: ObjectStoreConfig,
  bucket: KeyringDocuments,
): Promise<CachingTenantKeys | undefined> {
  if (config.OBJECT_ENCRYPTION === 'none') return undefined;
  const keys = await openLocalKeys(config, bucket);
  return new CachingTenantKeys(keys, { maxAgeMs: config.OBJECT_KEY_CACHE_SECONDS * 1000 });
}

/** The keyring of ours. */
export async function openLocalKeys(config: ObjectStoreConfig, bucket: KeyringDocuments): Promise<LocalTenantKeys> {
  const { OBJECT_MASTER_SECRET: secret, OBJECT_KEYRING_PATH: root } = config;
  if (secret === undefined) throw missing('OBJECT_MASTER_SECRET', 'OBJECT_ENCRYPTION=local');
  const masters = mastersOf(secret);
  if (root !== undefined) return new LocalTenantKeys({ documents: await FileObjectStore.open({ root }), masters });
  // keys beside the files that they open would be copied with them
  if (config.OBJECT_STORE === 'file')
    throw missing('OBJECT_KEYRING_PATH', 'OBJECT_STORE=file and OBJECT_ENCRYPTION=local');
  return new LocalTenantKeys({ documents: bucket, masters });
}

function mastersOf(secret: string): MasterSecrets {
  try {
    return new MasterSecrets(secret);
  } catch (error) {
    throw error instanceof TypeError ? fault('OBJECT_MASTER_SECRET', error.message) : error;
  }
}
