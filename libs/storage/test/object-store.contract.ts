import { readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { digestOf, type Digest, type TenantId } from '@myriad/kernel';
import type { ObjectStore } from '../src/index.js';
import {
  brokenStreamOf,
  expectRefusal,
  listed,
  newTenants,
  read,
  sample,
  streamOf,
  type StoreFixture,
} from './store-fixture.js';

const EMPTY = digestOf('');
const MIB = 1024 * 1024;

/** What every object store promises for objects. */
export function objectStoreContract(openFixture: () => Promise<StoreFixture>): void {
  let fixture: StoreFixture;
  let store: ObjectStore;

  beforeAll(async () => {
    fixture = await openFixture();
    store = fixture.store;
  });
  afterAll(() => fixture.close());

  const expectAbsent = async (tenant: TenantId, digest: Digest): Promise<void> => {
    expect(await store.head(tenant, digest)).toBeUndefined();
    await expectRefusal(store.get(tenant, digest), 'storage.object_not_found');
    await expectRefusal(store.getBytes(tenant, digest), 'storage.object_not_found');
    expect((await listed(store, tenant)).map((info) => info.digest)).not.toContain(digest);
  };

  describe('put and get', () => {
    test.each([
      ['one byte', 1],
      ['a chunk and a bit', 64 * 1024 + 1],
      ['exactly one part', 8 * MIB],
      ['one part and a byte', 8 * MIB + 1],
      ['several parts', 21 * MIB + 7],
    ])('gives back %s, streamed in, with and without its digest announced', async (_name, sizeBytes) => {
      const [announced, plain] = newTenants();
      const { bytes, digest } = sample(sizeBytes);
      expect(await store.put(announced, streamOf(bytes), { expectedDigest: digest })).toEqual({ digest, sizeBytes });
      expect(await store.put(plain, streamOf(bytes))).toEqual({ digest, sizeBytes });
      expect((await read(await store.get(announced, digest))).equals(bytes)).toBe(true);
      expect((await store.getBytes(plain, digest)).equals(bytes)).toBe(true);
      expect(await store.head(plain, digest)).toEqual({ digest, sizeBytes });
      expect(await fixture.leftovers()).toEqual([]);
    });

    test('takes bytes as well as a stream', async () => {
      const [tenant, other] = newTenants();
      const { bytes, digest } = sample(9 * MIB);
      expect(await store.put(tenant, bytes)).toEqual({ digest, sizeBytes: bytes.length });
      expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
      await expectAbsent(other, digest);
    });

    test('keeps an empty object', async () => {
      const [tenant, other] = newTenants();
      await store.put(tenant, Readable.from([]), { expectedDigest: EMPTY });
      expect(await store.head(tenant, EMPTY)).toEqual({ digest: EMPTY, sizeBytes: 0 });
      expect(await read(await store.get(tenant, EMPTY))).toHaveLength(0);
      expect(await store.getBytes(tenant, EMPTY)).toHaveLength(0);
      await expectRefusal(store.get(tenant, EMPTY, { start: 0 }), 'storage.range_invalid');
      await expectAbsent(other, EMPTY);
    });

    test('keeps tenants apart: equal bytes are an object of each, and one is deleted alone', async () => {
      const [tenant, other] = newTenants();
      const { bytes, digest } = sample();
      await store.put(tenant, bytes);
      await expectAbsent(other, digest);
      await store.put(other, bytes);
      await store.delete(tenant, digest);
      await expectAbsent(tenant, digest);
      expect((await store.getBytes(other, digest)).equals(bytes)).toBe(true);
    });

    test('stores equal bytes once', async () => {
      const [tenant, other] = newTenants();
      const { bytes, digest } = sample();
      for (let i = 0; i < 3; i++) await store.put(tenant, streamOf(bytes));
      expect(await listed(store, tenant)).toEqual([{ digest, sizeBytes: bytes.length }]);
      expect(await listed(store, other)).toEqual([]);
    });

    test('is read by another process as soon as it is put', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample();
      await store.put(tenant, bytes);
      const elsewhere = await fixture.open();
      expect((await elsewhere.getBytes(tenant, digest)).equals(bytes)).toBe(true);
    });

    test.each([
      ['small', 1000],
      ['of several parts', 17 * MIB],
    ])('ten writers of the same bytes, %s, all succeed and leave one object', async (_name, sizeBytes) => {
      const [tenant, other] = newTenants();
      const { bytes, digest } = sample(sizeBytes);
      const options = [{}, { expectedDigest: digest }];
      const writers = Array.from({ length: 10 }, (_, i) => store.put(tenant, streamOf(bytes), options[i % 2]));
      for (const info of await Promise.all(writers)) expect(info).toEqual({ digest, sizeBytes });
      expect(await listed(store, tenant)).toEqual([{ digest, sizeBytes }]);
      expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
      expect(await listed(store, other)).toEqual([]);
      expect(await fixture.leftovers()).toEqual([]);
    });
  });

  describe('put refuses', () => {
    test.each([
      ['small', 1000],
      ['of several parts', 17 * MIB],
    ])('bytes with another digest, %s, and keeps nothing', async (_name, sizeBytes) => {
      const [tenant] = newTenants();
      const [right, wrong] = [sample(sizeBytes), sample(sizeBytes)];
      const put = store.put(tenant, streamOf(wrong.bytes), { expectedDigest: right.digest });
      await expectRefusal(put, 'storage.digest_mismatch');
      await expectAbsent(tenant, right.digest);
      await expectAbsent(tenant, wrong.digest);
      expect(await fixture.leftovers()).toEqual([]);
    });

    test.each([
      ['small', 1000],
      ['of several parts', 17 * MIB],
    ])('other bytes for an object that is there, %s, which stays as it was', async (_name, sizeBytes) => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample(sizeBytes);
      await store.put(tenant, bytes);
      const wrong = sample(sizeBytes);
      await expectRefusal(
        store.put(tenant, streamOf(wrong.bytes), { expectedDigest: digest }),
        'storage.digest_mismatch',
      );
      expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
    });

    test.each([
      ['announced', true, 1000],
      ['not announced', false, 1000],
      ['announced, of several parts', true, 17 * MIB],
      ['not announced, of several parts', false, 17 * MIB],
    ])('a stream that breaks off, %s: its error comes back, nothing is kept', async (_name, isAnnounced, sizeBytes) => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample(sizeBytes);
      const options = isAnnounced ? { expectedDigest: digest } : {};
      await expect(store.put(tenant, brokenStreamOf(bytes), options)).rejects.toThrow('the sender went away');
      await expectAbsent(tenant, digest);
      expect(await fixture.leftovers()).toEqual([]);
    });

    test('a stream that is destroyed without a word', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample(9 * MIB);
      const stream = streamOf(bytes, 1024);
      stream.once('data', () => stream.pause());
      const put = store.put(tenant, stream);
      setImmediate(() => stream.destroy());
      await expect(put).rejects.toThrow(/premature/i);
      await expectAbsent(tenant, digest);
      expect(await fixture.leftovers()).toEqual([]);
    });

    test('more bytes than allowed, and stops reading them', async () => {
      const [tenant] = newTenants();
      let producedBytes = 0;
      const endless = Readable.from(
        (function* () {
          for (; producedBytes < 1024 * MIB; producedBytes += MIB) yield Buffer.alloc(MIB, 7);
        })(),
      );
      await expectRefusal(store.put(tenant, endless, { maxSizeBytes: 20 * MIB }), 'storage.too_large');
      expect(producedBytes).toBeLessThan(64 * MIB);
      expect(endless.destroyed).toBe(true);
      expect(await listed(store, tenant)).toEqual([]);
      expect(await fixture.leftovers()).toEqual([]);
    });

    test('takes exactly as many bytes as allowed', async () => {
      const [tenant] = newTenants();
      const { bytes } = sample(1000);
      expect(await store.put(tenant, bytes, { maxSizeBytes: 1000 })).toMatchObject({ sizeBytes: 1000 });
      await expectRefusal(store.put(tenant, sample(1001).bytes, { maxSizeBytes: 1000 }), 'storage.too_large');
    });

    test.each(['../other', 'a/b', '.tmp', '_tmp', '', 'UPPER', '..', 'a\0b'])(
      'the tenant id %j, everywhere',
      async (id) => {
        const { bytes, digest } = sample();
        const tenant = id as TenantId;
        await expectRefusal(store.put(tenant, bytes), 'storage.name_invalid');
        for (const call of [
          () => store.get(tenant, digest),
          () => store.head(tenant, digest),
          () => store.delete(tenant, digest),
          () => store.deleteUnchanged(tenant, { digest, sizeBytes: 1, modifiedMs: 0 }),
          () => listed(store, tenant),
          () => store.presignUpload(tenant, digest, 1, 60),
          () => store.presignDownload(tenant, digest, 60),
          () => store.confirmUpload(tenant, digest),
          () => store.withLocalFile(tenant, digest, () => Promise.resolve()),
          () => store.getDocument(tenant, 'doc'),
          () => store.putDocument(tenant, 'doc', bytes, null),
        ])
          await expectRefusal(call(), 'storage.name_invalid');
      },
    );

    test.each(['sha256:../../../../etc/passwd', `sha256:${'A'.repeat(64)}`, `sha256:${'a'.repeat(63)}/`, 'md5:00', ''])(
      'the digest %j',
      async (text) => {
        const [tenant] = newTenants();
        const digest = text as Digest;
        await expectRefusal(store.put(tenant, Buffer.from('x'), { expectedDigest: digest }), 'storage.name_invalid');
        for (const call of [
          () => store.get(tenant, digest),
          () => store.head(tenant, digest),
          () => store.delete(tenant, digest),
          () => store.presignUpload(tenant, digest, 1, 60),
          () => store.presignDownload(tenant, digest, 60),
          () => store.confirmUpload(tenant, digest),
          () => store.withLocalFile(tenant, digest, () => Promise.resolve()),
        ])
          await expectRefusal(call(), 'storage.name_invalid');
      },
    );
  });

  describe('get of a range', () => {
    const bytes = sample(300_000).bytes;
    const digest = digestOf(bytes);
    const [tenant, other] = newTenants();
    beforeAll(() => store.put(tenant, bytes));

    test.each([
      [{ start: 0, end: 0 }, 0, 1],
      [{ start: 0, end: 9 }, 0, 10],
      [{ start: 299_999 }, 299_999, 300_000],
      [{ start: 299_999, end: 299_999 }, 299_999, 300_000],
      [{ start: 100_000, end: 250_000 }, 100_000, 250_001],
      [{ start: 5, end: 10 ** 9 }, 5, 300_000],
      [{ start: 0 }, 0, 300_000],
    ])('%j gives those bytes', async (range, from, to) => {
      expect((await read(await store.get(tenant, digest, range))).equals(bytes.subarray(from, to))).toBe(true);
    });

    test.each([
      { start: 300_000 },
      { start: 10 ** 9 },
      { start: -1 },
      { start: 5, end: 4 },
      { start: 0.5 },
      { start: NaN },
    ])('%j is refused', async (range) => {
      await expectRefusal(store.get(tenant, digest, range), 'storage.range_invalid');
    });

    test("another tenant's is not found", async () => {
      await expectRefusal(store.get(other, digest, { start: 0, end: 1 }), 'storage.object_not_found');
    });
  });

  describe('a damaged object', () => {
    test.each([
      ['other bytes', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])])],
      ['fewer bytes', (bytes: Buffer) => bytes.subarray(0, -1)],
      ['more bytes', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('!')])],
      ['no bytes', () => Buffer.alloc(0)],
    ])('with %s is never taken for whole', async (_name, damage) => {
      const [tenant, other] = newTenants();
      const { bytes, digest } = sample(200_000);
      await store.put(tenant, bytes);
      await store.put(other, bytes);
      await fixture.damage(tenant, digest, damage(bytes));
      await expectRefusal(store.get(tenant, digest).then(read), 'storage.corrupt');
      await expectRefusal(store.getBytes(tenant, digest), 'storage.corrupt');
      await expectRefusal(
        store.withLocalFile(tenant, digest, () => Promise.resolve('used')),
        'storage.corrupt',
      );
      expect((await store.getBytes(other, digest)).equals(bytes)).toBe(true);
    });
  });

  describe('getBytes', () => {
    test('refuses an object over the limit without reading it', async () => {
      const [tenant] = newTenants();
      const { digest, bytes } = sample(1001);
      await store.put(tenant, bytes);
      await expectRefusal(store.getBytes(tenant, digest, 1000), 'storage.too_large');
      expect(await store.getBytes(tenant, digest, 1001)).toHaveLength(1001);
    });
  });

  describe('delete and list', () => {
    test('deleting what is not there is no fault', async () => {
      const [tenant] = newTenants();
      await store.delete(tenant, sample().digest);
    });

    test('an object can be put again after it was deleted', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample();
      await store.put(tenant, bytes);
      await store.delete(tenant, digest);
      await store.put(tenant, bytes);
      expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
    });

    test("lists a tenant's objects in order, over pages, and no one else's", async () => {
      const [tenant, other] = newTenants();
      const digests: Digest[] = [];
      const alien = await store.put(other, sample().bytes);
      for (let batch = 0; batch < 21; batch++) {
        const samples = Array.from({ length: 50 }, () => sample(10));
        await Promise.all(samples.map(({ bytes }) => store.put(tenant, bytes)));
        digests.push(...samples.map(({ digest }) => digest));
      }
      const found = await listed(store, tenant);
      expect(found.map((info) => info.digest)).toEqual(digests.toSorted());
      expect(new Set(found.map((info) => info.sizeBytes))).toEqual(new Set([10]));
      expect(await listed(store, other)).toEqual([alien]);
    }, 120_000);

    test('a reader that gives up half way leaves the object readable', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample(5 * MIB);
      await store.put(tenant, bytes);
      for await (const chunk of await store.get(tenant, digest)) {
        expect((chunk as Buffer).length).toBeGreaterThan(0);
        break;
      }
      expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
    });
  });

  describe('withLocalFile', () => {
    test('gives a file with the bytes, for as long as it is used, even when the object is deleted meanwhile', async () => {
      const [tenant, other] = newTenants();
      const { bytes, digest } = sample(100_000);
      await store.put(tenant, bytes);
      const path = await store.withLocalFile(tenant, digest, async (file) => {
        await store.delete(tenant, digest);
        expect((await readFile(file)).equals(bytes)).toBe(true);
        return file;
      });
      await expect(readFile(path)).rejects.toThrow('ENOENT');
      await expectRefusal(
        store.withLocalFile(other, digest, () => Promise.resolve()),
        'storage.object_not_found',
      );
      expect(await fixture.leftovers()).toEqual([]);
    });

    test("passes the user's failure on and cleans up", async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample();
      await store.put(tenant, bytes);
      const use = store.withLocalFile(tenant, digest, () => Promise.reject(new Error('no use')));
      await expect(use).rejects.toThrow('no use');
      expect(await fixture.leftovers()).toEqual([]);
    });

    test('finds damage that came after an earlier check', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample(1000);
      await store.put(tenant, bytes);
      await store.withLocalFile(tenant, digest, () => Promise.resolve());
      await fixture.damage(tenant, digest, sample(1000).bytes);
      await expectRefusal(
        store.withLocalFile(tenant, digest, (path) => writeFile(path, '')),
        'storage.corrupt',
      );
    });
  });

  test('ping succeeds while the store can be written', async () => {
    await store.ping();
    expect(await fixture.leftovers()).toEqual([]);
  });
}
