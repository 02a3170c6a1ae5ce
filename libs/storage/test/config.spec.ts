import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig } from '@myriad/config';
import { tempFolder, type TempFolder } from '@myriad/testing';
import { z } from 'zod';
import { FileObjectStore, S3ObjectStore, objectStoreConfig, openObjectStore } from '../src/index.js';
import { newTenants, sample } from './store-fixture.js';

describe('openObjectStore', () => {
  let folder: TempFolder;
  let keyFile: string;
  beforeAll(async () => {
    folder = await tempFolder();
    keyFile = join(folder.path, 'key');
    await writeFile(keyFile, 'k'.repeat(32), { mode: 0o600 });
  });
  afterAll(() => folder.remove());

  const open = (env: Record<string, string>): ReturnType<typeof openObjectStore> =>
    openObjectStore(loadConfig(z.object(objectStoreConfig), env));

  test('opens a file store that signs URLs', async () => {
    const store = await open({
      OBJECT_STORE_PATH: join(folder.path, 'store'),
      OBJECT_STORE_PUBLIC_URL: 'http://127.0.0.1:1/objects',
      OBJECT_STORE_SIGNING_KEY_FILE: keyFile,
    });
    expect(store).toBeInstanceOf(FileObjectStore);
    const { url } = await store.presignDownload(newTenants()[0], sample().digest, 60);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:1\/objects\/t-/);
  });

  test('opens an S3 store without reaching the server', async () => {
    const store = await open({
      OBJECT_STORE: 's3',
      S3_ENDPOINT: 'http://127.0.0.1:9',
      S3_PUBLIC_ENDPOINT: 'https://objects.example.com',
      S3_BUCKET: 'myriad',
      S3_ACCESS_KEY_ID: 'id',
      S3_SECRET_ACCESS_KEY_FILE: keyFile,
    });
    expect(store).toBeInstanceOf(S3ObjectStore);
    const { url } = await store.presignDownload(newTenants()[0], sample().digest, 60);
    expect(url).toMatch(/^https:\/\/objects\.example\.com\/myriad\/t-/);
  });

  test.each([
    ['OBJECT_STORE_PATH', {}],
    ['OBJECT_STORE_SIGNING_KEY', { OBJECT_STORE_PATH: '/x', OBJECT_STORE_PUBLIC_URL: 'http://x/' }],
    ['OBJECT_STORE_PUBLIC_URL', { OBJECT_STORE_PATH: '/x', OBJECT_STORE_SIGNING_KEY: 'x' }],
    ['S3_BUCKET', { OBJECT_STORE: 's3' }],
    ['S3_SECRET_ACCESS_KEY', { OBJECT_STORE: 's3', S3_BUCKET: 'myriad', S3_ACCESS_KEY_ID: 'id' }],
    ['OBJECT_STORE', { OBJECT_STORE: 'tape' }],
    ['S3_ENDPOINT', { OBJECT_STORE: 's3', S3_BUCKET: 'myriad', S3_ENDPOINT: 'ftp://x' }],
  ])('names %s when that is what is wrong', async (variable, env) => {
    const outcome = await Promise.resolve()
      .then(() => open(env))
      .catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(ConfigError);
    expect((outcome as ConfigError).faults.map((fault) => fault.variable)).toEqual([variable]);
  });

  test('refuses a short signing key and does not tell it', async () => {
    const shortKey = join(folder.path, 'short');
    await writeFile(shortKey, 'not-a-key', { mode: 0o600 });
    const opened = open({
      OBJECT_STORE_PATH: join(folder.path, 'store'),
      OBJECT_STORE_PUBLIC_URL: 'http://127.0.0.1:1',
      OBJECT_STORE_SIGNING_KEY_FILE: shortKey,
    });
    await expect(opened).rejects.toThrow(/fewer than 32/);
    await expect(opened).rejects.not.toThrow(/not-a-key/);
  });
});
