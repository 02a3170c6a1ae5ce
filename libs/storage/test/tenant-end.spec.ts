import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FileObjectStore, resealTenant, rotateTenantKey, shredTenant } from '../src/index.js';
import { HEADER_BYTES } from '../src/sealed/seal-layout.js';
import { openSealedFileFixture, sealedPath, type SealedFixture } from './sealed-fixture.js';
import { expectRefusal, listed, newTenants, sample } from './store-fixture.js';

describe('the life of encrypted objects', () => {
  let fixture: SealedFixture;
  let root: string;
  beforeAll(async () => {
    fixture = await openSealedFileFixture();
    root = join(fixture.folder, 'objects');
  });
  afterAll(() => fixture.close());

  test('what was stored in plain is read, listed once, and encrypted by a run of reseal', async () => {
    const { store } = fixture;
    const plain = await FileObjectStore.open({ root });
    const [tenant, other] = newTenants();
    const [old, both, untouched] = [sample(200_000), sample(), sample()];
    for (const { bytes } of [old, both]) await plain.put(tenant, bytes);
    await plain.put(other, untouched.bytes);
    const document = await plain.putDocument(tenant, 'doc', Buffer.from('plain'), null);
    await store.put(tenant, both.bytes);
    expect((await store.getBytes(tenant, old.digest)).equals(old.bytes)).toBe(true);
    expect((await listed(store, tenant)).map(({ digest }) => digest)).toEqual([old.digest, both.digest].toSorted());
    expect((await store.getDocument(tenant, 'doc'))?.version).toBe(document);
    expect(await resealTenant(store, tenant)).toEqual({ encrypted: 2, rewrapped: 0, unchanged: 0, skipped: 0 });
    expect(await listed(plain, tenant)).toEqual([]);
    expect((await store.getBytes(tenant, old.digest)).equals(old.bytes)).toBe(true);
    expect(await store.head(tenant, old.digest)).toEqual({ digest: old.digest, sizeBytes: 200_000 });
    expect(await resealTenant(store, tenant)).toEqual({ encrypted: 0, rewrapped: 0, unchanged: 2, skipped: 0 });
    expect(await listed(plain, other)).toHaveLength(1);
    await store.putDocument(tenant, 'doc', Buffer.from('sealed'), document);
    expect((await store.getDocument(tenant, 'doc'))?.bytes.toString()).toBe('sealed');
  });

  test('after a rotation reseal wraps the data keys anew and leaves the content as it was', async () => {
    const { store } = fixture;
    const [tenant, other] = newTenants();
    const { bytes, digest } = sample(300_000);
    for (const each of [tenant, other]) await store.put(each, bytes);
    const [before, neighbour] = [
      await readFile(sealedPath(root, tenant, digest)),
      await readFile(sealedPath(root, other, digest)),
    ];
    expect(await rotateTenantKey(store, tenant)).toBe(2);
    expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
    expect(await resealTenant(store, tenant)).toEqual({ encrypted: 0, rewrapped: 1, unchanged: 0, skipped: 0 });
    const after = await readFile(sealedPath(root, tenant, digest));
    expect(after.subarray(HEADER_BYTES).equals(before.subarray(HEADER_BYTES))).toBe(true);
    expect(after.subarray(0, HEADER_BYTES).equals(before.subarray(0, HEADER_BYTES))).toBe(false);
    const elsewhere = await fixture.open();
    expect((await elsewhere.getBytes(tenant, digest)).equals(bytes)).toBe(true);
    expect((await readFile(sealedPath(root, other, digest))).equals(neighbour)).toBe(true);
    expect(await fixture.leftovers()).toEqual([]);
  });

  test('a header is replaced only in the very object that was read', async () => {
    const { store } = fixture;
    const [tenant] = newTenants();
    const { bytes, digest } = sample();
    await store.put(tenant, bytes);
    const stale = await store.inner.sealed.open(tenant, digest);
    await store.put(tenant, bytes); // another seal of the same bytes
    expect(await stale!.replaceHead(Buffer.alloc(HEADER_BYTES))).toBe(false);
    expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
    await store.delete(tenant, digest);
    expect(await stale!.replaceHead(Buffer.alloc(HEADER_BYTES))).toBe(false);
    await stale!.close();
    expect(await fixture.leftovers()).toEqual([]);
  });

  test('a shredded tenant is unreadable even with its bytes at hand, and nothing new is stored for it', async () => {
    const { store } = fixture;
    const [tenant, other] = newTenants();
    const samples = Array.from({ length: 40 }, () => sample(1000));
    for (const { bytes } of samples) for (const each of [tenant, other]) await store.put(each, bytes);
    await store.putDocument(tenant, 'doc', Buffer.from('secret'), null);
    const { digest, bytes } = samples[0]!;
    const stolen = await readFile(sealedPath(root, tenant, digest));
    expect(stolen.includes(bytes.subarray(0, 32))).toBe(false);
    const elsewhere = await fixture.open();
    const receipt = await shredTenant(store, tenant);
    expect(receipt).toMatchObject({ keys: { versions: 1 }, objects: 40, sizeBytes: 40_000 });
    expect(await listed(store, tenant)).toEqual([]);
    await fixture.restore(tenant, digest, stolen);
    for (const each of [store, elsewhere]) {
      await expectRefusal(each.getBytes(tenant, digest), 'storage.key_destroyed');
      await expectRefusal(each.getDocument(tenant, 'doc'), 'storage.key_destroyed');
      await expectRefusal(each.put(tenant, bytes), 'storage.key_destroyed');
    }
    expect(await shredTenant(store, tenant)).toMatchObject({ keys: receipt.keys, objects: 1 });
    expect((await store.getBytes(other, digest)).equals(bytes)).toBe(true);
    expect(await listed(store, other)).toHaveLength(40);
  });

  test('without encryption shredding deletes, and there is no key to rotate', async () => {
    const plain = await FileObjectStore.open({ root: join(fixture.folder, 'plain') });
    const [tenant, other] = newTenants();
    for (const each of [tenant, other]) await plain.put(each, sample(10).bytes);
    expect(await rotateTenantKey(plain, tenant)).toBeUndefined();
    expect(await shredTenant(plain, tenant)).toEqual({ keys: null, objects: 1, sizeBytes: 10 });
    expect(await listed(plain, other)).toHaveLength(1);
  });
});
