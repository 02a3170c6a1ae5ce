import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@myriad/config';
import { type Digest, digestOf, tenantId } from '@myriad/kernel';
import { type ObjectStore, objectStoreConfig, openObjectStore, shredTenant } from '@myriad/storage';
import { type TempFolder, eventually, tempFolder } from '@myriad/testing';
import { z } from 'zod';
import { Door, type DoorOptions } from '../src/http/door.js';
import { openSigningStore } from '../src/signing-store.js';

const ACME = tenantId('acme');
const SIGNING_KEY = 'what signs the URLs in this test';

describe('the door', () => {
  let folder: TempFolder;
  let doors: Door[] = [];
  const errors: unknown[] = [];

  const variables = (more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
    OBJECT_STORE: 'file',
    OBJECT_STORE_PATH: join(folder.path, 'objects'),
    OBJECT_STORE_PUBLIC_URL: 'http://127.0.0.1:1',
    OBJECT_STORE_SIGNING_KEY: SIGNING_KEY,
    OBJECT_ENCRYPTION: 'local',
    OBJECT_KEYRING_PATH: join(folder.path, 'keys'),
    OBJECT_MASTER_SECRET: 'what seals the keys in this test',
    ...more,
  });
  const configOf = (more?: Readonly<Record<string, string>>): z.output<z.ZodObject<typeof objectStoreConfig>> =>
    loadConfig(z.object(objectStoreConfig), variables(more));
  /** A door with caches of its own, as another replica has. */
  const openDoor = async (more: Pick<DoorOptions, 'stalledMs'> = {}): Promise<string> => {
    const door = new Door({
      ...more,
      store: await openSigningStore(configOf()),
      logger: { error: (...of: unknown[]) => errors.push(of) },
      telemetry: { metricsText: () => Promise.resolve('# metrics') },
    });
    doors.push(door);
    return `http://127.0.0.1:${await door.listen(0, '127.0.0.1')}`;
  };
  /** A service behind the mesh: signs URLs to this door, and shares the store. */
  const storeAt = (publicUrl: string): Promise<ObjectStore> =>
    openObjectStore(configOf({ OBJECT_STORE_PUBLIC_URL: publicUrl }));

  beforeEach(async () => {
    folder = await tempFolder();
    doors = [];
    errors.length = 0;
  });
  afterEach(async () => {
    await Promise.all(doors.map((door) => door.close({ drainMs: 100 })));
    await folder.remove();
  });

  it('takes what a service signed an upload for, gives it back, and any replica serves any URL', async () => {
    const [first, second] = [await openDoor(), await openDoor()];
    const store = await storeAt(first);
    const bytes = randomBytes(200_000);
    const digest = digestOf(bytes);
    const upload = await store.presignUpload(ACME, digest, bytes.length, 60);
    const sent = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: bytes });
    expect(sent.status).toBe(201);
    expect(await store.confirmUpload(ACME, digest)).toEqual({ digest, sizeBytes: bytes.length });
    const download = await store.presignDownload(ACME, digest, 60);
    for (const door of [first, second]) {
      const got = await fetch(download.url.replace(first, door));
      expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
    }
    const part = await fetch(download.url, { headers: { range: 'bytes=70000-70009' } });
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(70_000, 70_010))).toBe(true);
  });

  it('tells how it is and nothing of any tenant, and refuses what nobody signed', async () => {
    const url = await openDoor();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: 'ready', service: 'objects' });
    expect(await (await fetch(`${url}/metrics`)).text()).toBe('# metrics');
    const digest: Digest = digestOf('anything');
    const refused = await fetch(`${url}/acme/${digest.slice(7)}?size=1&expires=9999999999&signature=none`);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'storage.url_invalid' });
    expect(errors).toEqual([]);
  });

  it('gives a purged tenant nothing, for a URL that was signed before', async () => {
    const url = await openDoor();
    const store = await storeAt(url);
    const { digest } = await store.put(ACME, Buffer.from('soon gone'));
    const [download, upload] = [
      await store.presignDownload(ACME, digest, 60),
      await store.presignUpload(ACME, digest, 9, 60),
    ];
    await shredTenant(store, ACME);
    expect((await fetch(download.url)).status).toBe(404);
    const sent = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: 'soon gone' });
    expect(sent.status).toBe(410);
    expect(await sent.json()).toMatchObject({ code: 'storage.key_destroyed' });
  });

  it('cuts an upload on which nothing moves any more, and keeps nothing of it', async () => {
    const url = await openDoor({ stalledMs: 300 });
    const store = await storeAt(url);
    const digest = digestOf(randomBytes(1_000));
    const upload = await store.presignUpload(ACME, digest, 1_000, 60);
    const sending = request(upload.url, { method: 'PUT', headers: upload.headers });
    const broken = once(sending, 'error');
    sending.write(randomBytes(500));
    await broken;
    expect(await store.head(ACME, digest)).toBeUndefined();
    await eventually(() => {
      expect(readdirSync(join(folder.path, 'objects/.tmp'))).toEqual([]);
    });
  });

  it('lets an upload in flight end when it is closed', async () => {
    const url = await openDoor();
    const store = await storeAt(url);
    const bytes = randomBytes(1_000);
    const digest = digestOf(bytes);
    const upload = await store.presignUpload(ACME, digest, bytes.length, 60);
    const sending = request(upload.url, { method: 'PUT', headers: upload.headers });
    const answered = once(sending, 'response') as Promise<[{ statusCode: number }]>;
    sending.write(bytes.subarray(0, 500));
    await eventually(() => {
      expect(readdirSync(join(folder.path, 'objects/.tmp'))).toHaveLength(1);
    });
    const closed = doors[0]!.close();
    await eventually(() => expect(fetch(`${url}/healthz`)).rejects.toThrow());
    sending.end(bytes.subarray(500));
    expect((await answered)[0].statusCode).toBe(201);
    await closed;
    expect((await store.getBytes(ACME, digest)).equals(bytes)).toBe(true);
  });

  it.each([
    [
      'a bucket that serves its own URLs',
      { OBJECT_STORE: 's3', S3_BUCKET: 'bucket', OBJECT_ENCRYPTION: 'none' },
      'OBJECT_ENCRYPTION',
    ],
    [
      'no key to prove URLs with',
      { OBJECT_STORE_PUBLIC_URL: '', OBJECT_STORE_SIGNING_KEY: '' },
      'OBJECT_STORE_SIGNING_KEY',
    ],
  ])('does not open for %s', async (_what, more, variable) => {
    await expect(openSigningStore(configOf(more as Record<string, string>))).rejects.toThrow(variable);
  });
});
