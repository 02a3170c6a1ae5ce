export { objectStoreConfig, type ObjectStoreConfig } from './config.js';
export { FileObjectStore, type FileObjectStoreOptions } from './file/file-object-store.js';
export { createObjectDoor, type ObjectDoorOptions, type SigningStore } from './file/object-door.js';
export {
  DEFAULT_MAX_BYTES_IN_MEMORY,
  MAX_DOCUMENT_BYTES,
  type ByteRange,
  type ObjectInfo,
  type ObjectStore,
  type PresignedUrl,
  type PutOptions,
  type StoredObject,
} from './object-store.port.js';
export { COPY_FOLDERS, LocalCopies, type CopyFile, type CopyOf } from './local/local-copies.js';
export { openLocalCopies } from './open-local-copies.js';
export { openObjectStore } from './open-object-store.js';
export { S3ObjectStore, type S3ObjectStoreOptions } from './s3/s3-object-store.js';
export { CachingTenantKeys, type KeyCacheOptions } from './keys/caching-tenant-keys.js';
export { openLocalKeys } from './keys/open-tenant-keys.js';
export type { KmsOptions } from './keys/kms-options.js';
export { LocalTenantKeys, type LocalTenantKeysOptions } from './keys/local-tenant-keys.js';
export { MasterSecrets } from './keys/master-secret.js';
export type { DataKey, KeyDestruction, TenantKeyStatus, TenantKeys, WrappedKey } from './keys/tenant-keys.port.js';
export { EncryptingObjectStore, type EncryptingObjectStoreOptions } from './sealed/encrypting-object-store.js';
export { resealTenant, type ResealReport } from './sealed/reseal.js';
export { rotateTenantKey, shredTenant, type ShredReceipt } from './sealed/tenant-end.js';
