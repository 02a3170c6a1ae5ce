import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { CreateMultipartUploadCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { S3ObjectStore } from '../src/index.js';
import { S3Bucket } from '../src/s3/s3-bucket.js';
import { use } from './presigned-url.contract.js';
import { S3_ENDPOINT, openS3Fixture, type S3Fixture } from './s3-fixture.js';
import { expectRefusal, listed, newTenants, read, sample, streamOf } from './store-fixture.js';

const MIB = 1024 * 1024;
const describeWithS3 = S3_ENDPOINT === undefined ? describe.skip : describe;

/** A way to the server that cuts connections once `cutAfter(n)` bytes came back on the n-th. */
async function cuttingProxy(cutAfter: (connection: number) => number): Promise<{ url: string; close: () => void }> {
  const target = new URL(S3_ENDPOINT!);
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer((client) => {
    let leftBytes = cutAfter(count++);
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      leftBytes -= chunk.length;
      if (leftBytes < 0) client.destroy();
      else client.write(chunk);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

describeWithS3('S3ObjectStore', () => {
  let fixture: S3Fixture;
  let store: S3ObjectStore;
  beforeAll(async () => {
    fixture = await openS3Fixture();
    store = fixture.store;
  });
  afterAll(() => fixture.close());

  describe('a presigned upload', () => {
    test('of other bytes is refused by the server itself', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample();
      const url = await store.presignUpload(tenant, digest, bytes.length, 60);
      expect((await use(url, { body: sample(bytes.length).bytes })).status).toBe(400);
    });

    test('is bound to its length and to the checksum header', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample();
      const url = await store.presignUpload(tenant, digest, bytes.length, 60);
      const { 'x-amz-checksum-sha256': _dropped, ...others } = url.headers;
      expect((await use({ ...url, headers: others }, { body: bytes })).status).toBe(403);
      const short = bytes.subarray(1);
      expect((await use(url, { body: short, headers: { 'content-length': '999' } })).status).toBe(403);
    });

    test('is read and proven where the server computed no SHA-256', async () => {
      const [tenant] = newTenants();
      const [right, wanted] = [sample(9 * MIB), sample(9 * MIB)];
      const upload = (digest: string, Body: Buffer): Promise<unknown> =>
        fixture.client.send(
          new PutObjectCommand({
            Bucket: fixture.options.bucket,
            Key: `_uploads/${tenant}/${digest.slice(7)}`,
            Body,
          }),
        );
      await upload(right.digest, right.bytes);
      await upload(wanted.digest, right.bytes);
      expect(await store.confirmUpload(tenant, right.digest)).toMatchObject({ sizeBytes: 9 * MIB });
      await expectRefusal(store.confirmUpload(tenant, wanted.digest), 'storage.digest_mismatch');
      await expectRefusal(store.confirmUpload(tenant, wanted.digest), 'storage.object_not_found');
      expect((await listed(store, tenant)).map(({ digest }) => digest)).toEqual([right.digest]);
      expect(await fixture.leftovers()).toEqual([]);
    });

    test('of more than one PUT can carry is not promised', async () => {
      const [tenant] = newTenants();
      const upload = store.presignUpload(tenant, sample().digest, 5 * 1024 ** 3 + 1, 60);
      await expectRefusal(upload, 'storage.too_large');
    });
  });

  test('clean removes what nobody finished, and nothing that is young or finished', async () => {
    const [tenant] = newTenants();
    const { bytes, digest } = sample();
    await store.put(tenant, bytes);
    const { bucket: Bucket } = fixture.options;
    const keys = [`_tmp/${tenant}/left`, `_uploads/${tenant}/${'0'.repeat(64)}`];
    for (const Key of keys) await fixture.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    await fixture.client.send(new CreateMultipartUploadCommand({ Bucket, Key: `${tenant}/sha256/${'1'.repeat(64)}` }));
    await store.clean(60_000);
    expect(await fixture.leftovers()).toHaveLength(3);
    await store.clean(-60_000);
    expect(await fixture.leftovers()).toEqual([]);
    expect(await listed(store, tenant)).toEqual([{ digest, sizeBytes: bytes.length }]);
  });

  describe('a copy within the server', () => {
    const limits = { singleRequestBytes: 10 * MIB, copyPartBytes: 5 * MIB };

    test.each([
      ['in one call', 10 * MIB],
      ['in parts', 10 * MIB + 1],
      ['in several parts', 23 * MIB],
    ])('%s has the same bytes, and nothing is copied of content that changed', async (_name, sizeBytes) => {
      const [tenant] = newTenants();
      const bucket = await S3Bucket.open(fixture.options, limits);
      const { bytes, digest } = sample(sizeBytes);
      await store.put(tenant, streamOf(bytes), { expectedDigest: digest });
      const from = `${tenant}/sha256/${digest.slice(7)}`;
      const head = await bucket.head(from);
      expect(await bucket.copy(from, `${tenant}/copy`, head!)).toBe(true);
      const copied = await bucket.get(`${tenant}/copy`);
      expect((await read((copied as { body: Readable }).body)).equals(bytes)).toBe(true);
      const stale = { ...head!, etag: '"0123456789abcdef0123456789abcdef"' };
      expect(await bucket.copy(from, `${tenant}/stale`, stale)).toBe(false);
      expect(await bucket.copy(`${tenant}/absent`, `${tenant}/stale`, head!)).toBe(false);
      expect(await bucket.head(`${tenant}/stale`)).toBeUndefined();
      expect(await fixture.leftovers()).toEqual([]);
      bucket.close();
    });
  });

  describe('when the server', () => {
    test('is away, every call says that it is unavailable', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample();
      const away = await S3ObjectStore.open({
        ...fixture.options,
        endpoint: 'http://127.0.0.1:9',
        createBucket: false,
      });
      for (const call of [
        () => away.put(tenant, bytes),
        () => away.put(tenant, streamOf(sample(9 * MIB).bytes)),
        () => away.get(tenant, digest),
        () => away.head(tenant, digest),
        () => away.getDocument(tenant, 'doc'),
        () => listed(away, tenant),
        () => away.ping(),
      ])
        await expectRefusal(call(), 'storage.unavailable');
      away.close();
    });

    test('or the way to it cuts connections now and then, a whole object is read all the same', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample(20 * MIB);
      await store.put(tenant, bytes);
      const proxy = await cuttingProxy((connection) => (connection < 6 ? 3 * MIB + connection : Infinity));
      const through = await S3ObjectStore.open({ ...fixture.options, endpoint: proxy.url, createBucket: false });
      expect((await read(await through.get(tenant, digest))).equals(bytes)).toBe(true);
      const range = await read(await through.get(tenant, digest, { start: 1000, end: 15 * MIB }));
      expect(range.equals(bytes.subarray(1000, 15 * MIB + 1))).toBe(true);
      through.close();
      proxy.close();
    });

    test('never gets further, reading fails instead of ending', async () => {
      const [tenant] = newTenants();
      const { bytes, digest } = sample(5 * MIB);
      await store.put(tenant, bytes);
      const proxy = await cuttingProxy((connection) => (connection === 0 ? MIB : 0));
      const through = await S3ObjectStore.open({ ...fixture.options, endpoint: proxy.url, createBucket: false });
      await expectRefusal(through.get(tenant, digest).then(read), 'storage.unavailable');
      through.close();
      proxy.close();
    });
  });

  test('wrong credentials are a refusal of the server, not an absent object', async () => {
    const [tenant] = newTenants();
    const credentials = { accessKeyId: 'test', secretAccessKey: 'wrong' };
    const stranger = await S3ObjectStore.open({ ...fixture.options, credentials, createBucket: false });
    await expect(stranger.head(tenant, sample().digest)).rejects.toThrow();
    await expect(stranger.get(tenant, sample().digest)).rejects.toThrow(/signature/i);
    await expect(stranger.ping()).rejects.toThrow();
    stranger.close();
  });
});
