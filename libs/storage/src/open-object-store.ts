import { systemClock } from '@myriad/kernel';
import type { ObjectStoreConfig } from './config.js';
import { fault, missing } from './config-fault.js';
import { FileObjectStore } from './file/file-object-store.js';
import { MIN_SIGNING_KEY_BYTES, UrlSigner } from './file/url-signer.js';
import { openTenantKeys } from './keys/open-tenant-keys.js';
import { measured } from './measured-object-store.js';
import type { ObjectStore } from './object-store.port.js';
import { S3ObjectStore } from './s3/s3-object-store.js';
import { EncryptingObjectStore } from './sealed/encrypting-object-store.js';

/**
 * Opens the store that the configuration names, and begins to remove what uploads that nobody finished left behind.
 * @throws {ConfigError} listing what that kind of store still needs.
 */
export async function openObjectStore(config: ObjectStoreConfig): Promise<ObjectStore> {
  const inner = await openInner(config);
  const keys = await openTenantKeys(config, inner);
  if (!keys) return measured(inner);
  const signing = signingOf(config);
  const store = await EncryptingObjectStore.open(inner, {
    keys,
    acceptsPlaintext: config.OBJECT_PLAINTEXT === 'read',
    ...(signing ? { urls: new UrlSigner(signing.publicUrl, signing.signingKey, systemClock) } : {}),
  });
  return measured(store);
}

async function openInner(config: ObjectStoreConfig): Promise<FileObjectStore | S3ObjectStore> {
  if (config.OBJECT_STORE === 'file') return FileObjectStore.open(fileOptions(config));
  const store = await S3ObjectStore.open(s3Options(config));
  // in its own time: a service starts while its server is away, and the next start cleans again
  store.clean().catch(() => undefined);
  return store;
}

type FileOptions = Parameters<typeof FileObjectStore.open>[0];
type S3Options = Parameters<typeof S3ObjectStore.open>[0];

function fileOptions(config: ObjectStoreConfig): FileOptions {
  const { OBJECT_STORE_PATH: root } = config;
  if (root === undefined) throw missing('OBJECT_STORE_PATH', 'OBJECT_STORE=file');
  return { root, ...signingOf(config) };
}

/** What signs the URLs of the door; undefined when none are given out. */
function signingOf({
  OBJECT_STORE_PUBLIC_URL: publicUrl,
  OBJECT_STORE_SIGNING_KEY: secret,
}: ObjectStoreConfig): { readonly publicUrl: string; readonly signingKey: Buffer } | undefined {
  if (publicUrl === undefined && secret === undefined) return undefined;
  if (publicUrl === undefined) throw missing('OBJECT_STORE_PUBLIC_URL', 'OBJECT_STORE_SIGNING_KEY');
  if (secret === undefined) throw missing('OBJECT_STORE_SIGNING_KEY', 'OBJECT_STORE_PUBLIC_URL');
  const signingKey = Buffer.from(secret);
  if (signingKey.byteLength < MIN_SIGNING_KEY_BYTES)
    throw fault('OBJECT_STORE_SIGNING_KEY', `holds fewer than ${MIN_SIGNING_KEY_BYTES} characters`);
  return { publicUrl, signingKey };
}

function s3Options(config: ObjectStoreConfig): S3Options {
  const { S3_ENDPOINT: endpoint, S3_PUBLIC_ENDPOINT: publicEndpoint, S3_BUCKET: bucket } = config;
  if (bucket === undefined) throw missing('S3_BUCKET', 'OBJECT_STORE=s3');
  const credentials = credentialsOf(config);
  return {
    bucket,
    region: config.S3_REGION,
    createBucket: config.S3_CREATE_BUCKET,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(publicEndpoint === undefined ? {} : { publicEndpoint }),
    ...(credentials ? { credentials } : {}),
  };
}

function credentialsOf(config: ObjectStoreConfig): S3Options['credentials'] {
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config;
  if (accessKeyId === undefined) return undefined;
  if (secretAccessKey === undefined) throw missing('S3_SECRET_ACCESS_KEY', 'S3_ACCESS_KEY_ID');
  return { accessKeyId, secretAccessKey };
}
