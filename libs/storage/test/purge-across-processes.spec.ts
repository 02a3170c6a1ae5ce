import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { shredTenant } from '../src/index.js';
import { startChild } from './child/run-child.js';
import { openSealedFileFixture, sealedPath, type SealedFixture } from './sealed-fixture.js';
import { listed, newTenants, sample } from './store-fixture.js';

const CACHE_SECONDS = 2;
/** Between two attempts of the other process, and for its answer to come here, milliseconds. */
const SLACK_MS = 1_000;

describe('a purge, for a process that has the keys in memory', () => {
  let fixture: SealedFixture;
  beforeAll(async () => {
    fixture = await openSealedFileFixture();
  });
  afterAll(() => fixture.close());

  test('holds within OBJECT_KEY_CACHE_SECONDS: stolen bytes, put back, are not opened, and nothing is stored', async () => {
    const { store, folder } = fixture;
    const [tenant, other] = newTenants();
    const { bytes, digest } = sample(100_000);
    for (const each of [tenant, other]) await store.put(each, bytes);
    const path = sealedPath(join(folder, 'objects'), tenant, digest);
    const stolen = await readFile(path);
    const child = startChild('read-on.ts', [folder, tenant, digest, String(CACHE_SECONDS)]);
    await eventually(() => {
      expect(child.printed().match(/done/g)).toHaveLength(2);
    });
    // put back so fast that the other process still has the key, and does open it
    const fromMs = performance.now();
    await shredTenant(store, tenant);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, stolen, { mode: 0o400 });
    const { code, stdout, stderr } = await child.ended;
    const tookMs = performance.now() - fromMs;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const ends: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(ends).toEqual({ read: 'storage.key_destroyed', put: 'storage.key_destroyed' });
    expect(tookMs).toBeLessThan(CACHE_SECONDS * 1_000 + SLACK_MS);
    expect((await store.getBytes(other, digest)).equals(bytes)).toBe(true);
    expect(await listed(store, other)).toHaveLength(1);
  });
});
