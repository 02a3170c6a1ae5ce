import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Digest } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import type { ObjectStore, PresignedUrl } from '../src/index.js';
import { expectRefusal, listed, newTenants, sample, type StoreFixture } from './store-fixture.js';

/** Does what the URL lets its holder do. */
export function use(presigned: PresignedUrl, init: RequestInit = {}): Promise<Response> {
  return fetch(presigned.url, {
    method: presigned.method,
    ...init,
    headers: { ...presigned.headers, ...(init.headers as Record<string, string> | undefined) },
  });
}

/** The URL with one part of it changed. */
function changed(presigned: PresignedUrl, from: string, to: string): PresignedUrl {
  expect(presigned.url).toContain(from);
  return { ...presigned, url: presigned.url.replace(from, to) };
}

/** What every object store promises for presigned URLs. */
export function presignedUrlContract(openFixture: () => Promise<StoreFixture>): void {
  let fixture: StoreFixture;
  let store: ObjectStore;
  beforeAll(async () => {
    fixture = await openFixture();
    store = fixture.store;
  });
  afterAll(() => fixture.close());

  const hex = (digest: Digest): string => digest.slice(7);

  describe('an upload URL', () => {
    test('takes the announced bytes, which are an object once confirmed, of this tenant only', async () => {
      const [tenant, other] = newTenants();
      const { bytes, digest } = sample(100_000);
      const url = await store.presignUpload(tenant, digest, bytes.length, 60);
      expect(url.method).toBe('PUT');
      expect(Math.abs(Date.parse(url.expiresAt) - Date.now() - 60_000)).toBeLessThan(5_000);
      expect((await use(url, { body: bytes })).ok).toBe(true);
      const info = { digest, sizeBytes: bytes.length };
      expect(await store.confirmUpload(tenant, digest)).toEqual(info);
      expect(await store.confirmUpload(tenant, digest)).toEqual(info);
      expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
      await expectRefusal(store.confirmUpload(other, digest), 'storage.object_not_found');
      expect(await listed(store, other)).toEqual([]);
      expect(await fixture.leftovers()).toEqual([]);
    });

    test('may be used for an empty object, and twice', async () => {
      const [tenant] = newTenants();
      const { digest } = sample(0);
      const url = await store.presignUpload(tenant, digest, 0, 60);
      for (let i = 0; i < 2; i++) {
        expect((await use(url, { body: Buffer.alloc(0) })).ok).toBe(true);
        expect(await store.confirmUpload(tenant, digest)).toEqual({ digest, sizeBytes: 0 });
      }
    });

    test('without an upload there is nothing to confirm', async () => {
      const [tenant] = newTenants();
      await expectRefusal(store.confirmUpload(tenant, sample().digest), 'storage.object_not_found');
    });

    test.each([
      ['other bytes of the same length', 0],
      ['fewer bytes', -1],
      ['more bytes', 1],
    ])('never makes an object of %s', async (_name, difference) => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample(1000);
      const url = await store.presignUpload(tenant, digest, bytes.length, 60);
      const body = sample(bytes.length + difference).bytes;
      const headers = { 'content-length': String(body.length) };
      const status = await use(url, { body, headers }).then(
        (response) => response.status,
        () => 0, // the connection may be cut while the rest is sent
      );
      expect(status).not.toBe(200);
      expect(status).not.toBe(201);
      await expectRefusal(store.confirmUpload(tenant, digest), 'storage.object_not_found');
      expect(await listed(store, tenant)).toEqual([]);
      expect(await fixture.leftovers()).toEqual([]);
    });

    test('does nothing for another digest, another tenant, another method, a longer life', async () => {
      const [tenant, other] = newTenants();
      const [mine, wanted] = [sample(), sample()];
      const url = await store.presignUpload(tenant, mine.digest, 1000, 60);
      const attempts = [
        use(changed(url, hex(mine.digest), hex(wanted.digest)), { body: wanted.bytes }),
        use(changed(url, `/${tenant}/`, `/${other}/`), { body: mine.bytes }),
        use({ ...url, headers: {} }, { method: 'GET' }),
        use({ ...url, headers: {} }, { method: 'DELETE' }),
        use({ ...url, url: url.url.replace(/(expires)=\d+/i, '$1=86000') }, { body: mine.bytes }),
        use({ ...url, url: url.url.replace(/(signature)=..../i, '$1=0000') }, { body: mine.bytes }),
        use({ ...url, url: url.url.replace(/\?.*/, '') }, { body: mine.bytes }),
      ];
      for (const response of await Promise.all(attempts)) {
        expect(response.status).toBeGreaterThanOrEqual(400);
        expect(response.status).toBeLessThan(500);
      }
      for (const each of [tenant, other]) expect(await listed(store, each)).toEqual([]);
      await expectRefusal(store.confirmUpload(tenant, wanted.digest), 'storage.object_not_found');
      await expectRefusal(store.confirmUpload(other, mine.digest), 'storage.object_not_found');
    });

    test('does nothing once it has expired', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample();
      const url = await store.presignUpload(tenant, digest, bytes.length, 1);
      await eventually(() => {
        expect(Date.now()).toBeGreaterThan(Date.parse(url.expiresAt) + 1000);
      });
      expect((await use(url, { body: bytes })).status).toBe(403);
      await expectRefusal(store.confirmUpload(tenant, digest), 'storage.object_not_found');
    });

    test('of ten confirmations at once all succeed', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample();
      await use(await store.presignUpload(tenant, digest, bytes.length, 60), { body: bytes });
      const info = { digest, sizeBytes: bytes.length };
      const all = await Promise.all(Array.from({ length: 10 }, () => store.confirmUpload(tenant, digest)));
      expect(all).toEqual(Array.from({ length: 10 }, () => info));
      expect(await fixture.leftovers()).toEqual([]);
    });
  });

  describe('a download URL', () => {
    test('gives the bytes and ranges of them', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample(100_000);
      await store.put(tenant, bytes);
      const url = await store.presignDownload(tenant, digest, 60);
      const whole = await use(url);
      expect(whole.status).toBe(200);
      expect(whole.headers.get('content-length')).toBe('100000');
      expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
      for (const [range, from, to] of [
        ['bytes=0-9', 0, 10],
        ['bytes=99990-', 99_990, 100_000],
        ['bytes=-10', 99_990, 100_000],
        ['bytes=5-1000000', 5, 100_000],
      ] as const) {
        const part = await use(url, { headers: { range } });
        expect(part.status).toBe(206);
        expect(part.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/100000`);
        expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(from, to))).toBe(true);
      }
      const none = await use(url, { headers: { range: 'bytes=100000-' } });
      expect(none.status).toBe(416);
    });

    test('does nothing for another object, another tenant, another method, after its time', async () => {
      const [tenant, other] = newTenants();
      const [mine, secret] = [sample(), sample()];
      for (const each of [tenant, other]) for (const { bytes } of [mine, secret]) await store.put(each, bytes);
      const url = await store.presignDownload(tenant, mine.digest, 60);
      const attempts = [
        use(changed(url, hex(mine.digest), hex(secret.digest))),
        use(changed(url, `/${tenant}/`, `/${other}/`)),
        use(url, { method: 'PUT', body: mine.bytes }),
        use(url, { method: 'DELETE' }),
        use({ ...url, url: url.url.replace(/\?.*/, '') }),
      ];
      for (const response of await Promise.all(attempts)) {
        expect(response.status).toBeGreaterThanOrEqual(400);
        expect(response.status).toBeLessThan(500);
        expect(Buffer.from(await response.arrayBuffer()).includes(secret.bytes)).toBe(false);
      }
      const brief = await store.presignDownload(tenant, mine.digest, 1);
      await eventually(async () => {
        expect((await use(brief)).status).toBe(403);
      });
      expect((await store.getBytes(tenant, mine.digest)).equals(mine.bytes)).toBe(true);
    });

    test('of an object that is not there answers 404', async () => {
      const [tenant] = newTenants();
      expect((await use(await store.presignDownload(tenant, sample().digest, 60))).status).toBe(404);
    });
  });

  test.each([0, -1, 86_401, 1.5, NaN, Infinity])('a life of %d seconds is refused', async (seconds) => {
    const [tenant] = newTenants();
    const { digest } = sample();
    await expectRefusal(store.presignUpload(tenant, digest, 10, seconds), 'storage.expiry_invalid');
    await expectRefusal(store.presignDownload(tenant, digest, seconds), 'storage.expiry_invalid');
  });
}
