import { ConfigError } from '@myriad/config';
import {
  EncryptingObjectStore,
  FileObjectStore,
  type ObjectStoreConfig,
  type SigningStore,
  openObjectStore,
} from '@myriad/storage';

/** @throws {ConfigError} for a store whose URLs lead elsewhere, or that signs none. */
export async function openSigningStore(config: ObjectStoreConfig): Promise<SigningStore> {
  const store = await openObjectStore(config);
  if (!(store instanceof FileObjectStore || store instanceof EncryptingObjectStore))
    throw new ConfigError([
      { variable: 'OBJECT_ENCRYPTION', message: 'is none: a bucket that is not encrypted serves its own URLs' },
    ]);
  if (!store.urls)
    throw new ConfigError([{ variable: 'OBJECT_STORE_SIGNING_KEY', message: 'is required: it proves the URLs' }]);
  return store;
}
