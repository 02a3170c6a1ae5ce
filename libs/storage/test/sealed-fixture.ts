import { once } from 'node:events';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { systemClock, type Digest, type TenantId } from '@myriad/kernel';
import { tempFolder } from '@myriad/testing';
import { CachingTenantKeys, EncryptingObjectStore, FileObjectStore, createObjectDoor } from '../src/index.js';
import { UrlSigner } from '../src/file/url-signer.js';
import { openS3Fixture, type S3Fixture } from './s3-fixture.js';
import { localKeys } from './sealing.js';
import type { StoreFixture } from './store-fixture.js';

const SIGNING_KEY = Buffer.alloc(32, 'key of a test');

export interface SealedFixture extends StoreFixture {
  readonly store: EncryptingObjectStore;
  open(): Promise<EncryptingObjectStore>;
  /** Holds the keyring, and of files also `objects`. */
  readonly folder: string;
  /** Puts sealed bytes back, behind the store's back. */
  restore(tenant: TenantId, digest: Digest, bytes: Buffer): Promise<void>;
}

/** An encrypting store over files. */
export async function openSealedFileFixture(): Promise<SealedFixture> {
  const folder = await tempFolder();
  const root = join(folder.path, 'objects');
  const server = await startServer();
  const open = async (): Promise<EncryptingObjectStore> =>
    openOver(await FileObjectStore.open({ root }), folder.path, server);
  const store = await open();
  server.on('request', createObjectDoor(store));
  return {
    store,
    folder: folder.path,
    open,
    restore: async (tenant, digest, bytes) => {
      const path = sealedPath(root, tenant, digest);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes, { mode: 0o400 });
    },
    damage: async (tenant, digest, bytes) => {
      const path = sealedPath(root, tenant, digest);
      await chmod(path, 0o600);
      await writeFile(path, bytes);
    },
    leftovers: async () => {
      const names = await readdir(root, { recursive: true });
      return names.filter((name) => /^\.tmp\/./.test(name) || /\.(lock|break)$/.test(name));
    },
    close: async () => {
      await stop(server);
      await folder.remove();
    },
  };
}

/** An encrypting store over a new bucket. */
export async function openSealedS3Fixture(): Promise<SealedFixture & { readonly s3: S3Fixture }> {
  const s3 = await openS3Fixture();
  const folder = await tempFolder();
  const server = await startServer();
  const open = async (): Promise<EncryptingObjectStore> => openOver(await s3.open(), folder.path, server);
  const store = await open();
  server.on('request', createObjectDoor(store));
  const write = async (tenant: TenantId, digest: Digest, Body: Buffer): Promise<void> => {
    const Key = `${tenant}/sealed/${digest.slice(7)}`;
    await s3.client.send(new PutObjectCommand({ Bucket: s3.options.bucket, Key, Body }));
  };
  return {
    s3,
    store,
    folder: folder.path,
    open,
    restore: write,
    damage: write,
    leftovers: async () => {
      const left = (await s3.leftovers()).filter((name) => !name.startsWith('myriad-plain-'));
      const [scratch = ''] = (await s3.leftovers()).filter((name) => name.startsWith('myriad-plain-'));
      return [...left, ...(await readdir(join(s3.options.scratchFolder ?? '', scratch)))];
    },
    close: async () => {
      await stop(server);
      await s3.close();
      await folder.remove();
    },
  };
}

export function sealedPath(root: string, tenant: string, digest: string): string {
  const hex = digest.slice(7);
  return join(root, tenant, 'sealed', hex.slice(0, 2), hex.slice(2));
}

async function openOver(
  inner: Parameters<typeof EncryptingObjectStore.open>[0],
  folder: string,
  server: Server,
): Promise<EncryptingObjectStore> {
  const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mounted/here/`;
  const urls = new UrlSigner(publicUrl, SIGNING_KEY, systemClock);
  return EncryptingObjectStore.open(inner, { keys: new CachingTenantKeys(await localKeys(folder)), urls });
}

async function startServer(): Promise<Server> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
