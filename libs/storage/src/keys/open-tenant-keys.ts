import { fault, missing } from '../config-fault.js';
import type { ObjectStoreConfig } from '../config.js';
import { FileObjectStore } from '../file/file-object-store.js';
import { CachingTenantKeys } from './caching-tenant-keys.js';
import { LocalTenantKeys, type KeyringDocuments } from './local-tenant-keys.js';
import { MasterSecrets } from './master-secret.js';
import type { TenantKeys } from './tenant-keys.port.js';

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
  const keys = config.OBJECT_ENCRYPTION === 'kms' ? await openKms(config) : await openLocalKeys(config, bucket);
  return new CachingTenantKeys(keys, { maxAgeMs: config.OBJECT_KEY_CACHE_SECONDS * 1000 });
}

/** Loads the SDK. */
async function openKms(config: ObjectStoreConfig): Promise<TenantKeys> {
  const { KMS_ENDPOINT: endpoint, KMS_ACCESS_KEY_ID: accessKeyId, KMS_SECRET_ACCESS_KEY: secretAccessKey } = config;
  if (accessKeyId !== undefined && secretAccessKey === undefined)
    throw missing('KMS_SECRET_ACCESS_KEY', 'KMS_ACCESS_KEY_ID');
  const { KmsTenantKeys } = await import('./kms-tenant-keys.js');
  return new KmsTenantKeys({
    region: config.KMS_REGION,
    aliasPrefix: config.KMS_ALIAS_PREFIX,
    deletionDays: config.KMS_DELETION_DAYS,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
  });
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
