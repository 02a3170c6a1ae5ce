import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { problemSchema } from '@myriad/contracts';
import { eventually, tempFolder } from '@myriad/testing';
import { FileObjectStore, createObjectDoor, type PresignedUrl } from '../src/index.js';
import { openFileFixture, type FileFixture } from './file-fixture.js';
import { use } from './presigned-url.contract.js';
import { listed, newTenants, sample } from './store-fixture.js';

async function problemOf(response: Response): Promise<{ status: number; code: string }> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const { status, code } = problemSchema.parse(await response.json());
  expect(status).toBe(response.status);
  return { status, code };
}

/** Sends a body as chunks without a length, or of a length that it does not have. */
async function send(url: PresignedUrl, headers: Record<string, string>, body: Readable): Promise<IncomingMessage> {
  const sending = request(url.url, { method: 'PUT', headers });
  const answered = once(sending, 'response') as Promise<[IncomingMessage]>;
  sending.on('error', () => undefined);
  body.pipe(sending);
  const [response] = await answered;
  response.resume();
  return response;
}

describe('the object door', () => {
  let fixture: FileFixture;
  let store: FileObjectStore;
  beforeAll(async () => {
    fixture = await openFileFixture();
    store = fixture.store;
  });
  afterAll(() => fixture.close());

  test('refuses in problem+json, with a code for each reason', async () => {
    const [tenant] = newTenants();
    const { bytes, digest } = sample();
    const put = await store.presignUpload(tenant, digest, bytes.length, 60);
    const get = await store.presignDownload(tenant, digest, 60);
    expect(await problemOf(await use(get))).toEqual({ status: 404, code: 'storage.object_not_found' });
    const wrong = await use(put, { body: sample(bytes.length).bytes });
    expect(await problemOf(wrong)).toEqual({ status: 422, code: 'storage.digest_mismatch' });
    const short = await use(put, { body: bytes.subarray(1), headers: { 'content-length': '999' } });
    expect(await problemOf(short)).toEqual({ status: 422, code: 'storage.size_mismatch' });
    expect(await problemOf(await use(put, { method: 'GET' }))).toEqual({ status: 403, code: 'storage.url_invalid' });
    const post = await use(put, { method: 'POST', body: bytes });
    expect(post.headers.get('allow')).toBe('GET, HEAD, PUT');
    expect(await problemOf(post)).toEqual({ status: 405, code: 'storage.method_not_allowed' });
    expect((await use(put, { body: bytes })).status).toBe(201);
    const range = await use(get, { headers: { range: 'bytes=1000-' } });
    expect(range.headers.get('content-range')).toBe('bytes */1000');
    expect(await problemOf(range)).toEqual({ status: 416, code: 'storage.range_invalid' });
  });

  test('says when a URL has expired, and nothing else about it', async () => {
    const folder = await tempFolder();
    const clock = { nowMs: () => Date.now() - 3_600_000 };
    const signingKey = Buffer.alloc(32, 'key of a test');
    const publicUrl = new URL('.', (await store.presignDownload(newTenants()[0], sample().digest, 60)).url);
    const past = await FileObjectStore.open({ root: folder.path, publicUrl: publicUrl.origin, signingKey, clock });
    const [tenant] = newTenants();
    const expired = await past.presignDownload(tenant, sample().digest, 60);
    expect(await problemOf(await use(expired))).toEqual({ status: 403, code: 'storage.url_expired' });
    const forged = { ...expired, url: expired.url.replace(/signature=.*/, 'signature=AAAA') };
    expect(await problemOf(await use(forged))).toEqual({ status: 403, code: 'storage.url_invalid' });
    await folder.remove();
  });

  test('refuses URLs of another key', async () => {
    const folder = await tempFolder();
    const [tenant] = newTenants();
    const { bytes, digest } = sample();
    await store.put(tenant, bytes);
    const { origin } = new URL((await store.presignDownload(tenant, digest, 60)).url);
    const other = await FileObjectStore.open({ root: folder.path, publicUrl: origin, signingKey: Buffer.alloc(32, 1) });
    expect((await use(await other.presignDownload(tenant, digest, 60))).status).toBe(403);
    await folder.remove();
  });

  test('takes a body in chunks of unknown length, and refuses one that grows too long or ends early', async () => {
    const [tenant] = newTenants();
    const { bytes, digest } = sample(300_000);
    const url = await store.presignUpload(tenant, digest, bytes.length, 60);
    const chunked = { 'transfer-encoding': 'chunked' };
    expect((await send(url, chunked, Readable.from([bytes, Buffer.from('!')]))).statusCode).toBe(413);
    expect((await send(url, chunked, Readable.from([bytes.subarray(1)]))).statusCode).toBe(422);
    expect(await listed(store, tenant)).toEqual([]);
    expect((await send(url, chunked, Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]))).statusCode).toBe(201);
    expect(await listed(store, tenant)).toEqual([{ digest, sizeBytes: bytes.length }]);
  });

  test('keeps nothing of an upload whose sender goes away, and is not disturbed', async () => {
    const [tenant] = newTenants();
    const { bytes, digest } = sample(300_000);
    const url = await store.presignUpload(tenant, digest, bytes.length, 60);
    const sending = request(url.url, { method: 'PUT', headers: url.headers });
    sending.on('error', () => undefined);
    sending.write(bytes.subarray(0, 100_000));
    await eventually(async () => {
      expect(await fixture.leftovers()).toHaveLength(1);
    });
    sending.destroy();
    await eventually(async () => {
      expect(await fixture.leftovers()).toEqual([]);
    });
    expect((await use(url, { body: bytes })).status).toBe(201);
  });

  test('cuts a damaged download off instead of ending it, and reports it', async () => {
    const [tenant] = newTenants();
    const { bytes, digest } = sample(2_000_000);
    await store.put(tenant, bytes);
    await fixture.damage(tenant, digest, sample(2_000_000).bytes);
    const response = await use(await store.presignDownload(tenant, digest, 60));
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
    await eventually(() => {
      expect(fixture.faults).toEqual([expect.objectContaining({ code: 'storage.corrupt' })]);
    });
  });

  test('answers HEAD, and sends what keeps a browser from running what it gets', async () => {
    const [tenant] = newTenants();
    const { bytes, digest } = sample();
    await store.put(tenant, bytes);
    const url = await store.presignDownload(tenant, digest, 60);
    const head = await use(url, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(Object.fromEntries(head.headers)).toMatchObject({
      'content-length': '1000',
      'accept-ranges': 'bytes',
      etag: `"${digest}"`,
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
    });
  });

  test.each([
    'bytes=0-1,5-6',
    'bytes=5-4',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'lines=0-1',
    'bytes=0-99999999999999999999',
  ])('the Range header %j is ignored: the whole is sent', async (range) => {
    const [tenant] = newTenants();
    const { bytes, digest } = sample();
    await store.put(tenant, bytes);
    const response = await use(await store.presignDownload(tenant, digest, 60), { headers: { range } });
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test.each(['/', '/x', '/..%2f..%2fetc/passwd?signature=x', '//a//b?size=NaN', '/t/%00?expires=1'])(
    'the address %j opens nothing',
    async (path) => {
      const { origin } = new URL((await store.presignDownload(newTenants()[0], sample().digest, 60)).url);
      expect((await fetch(origin + path)).status).toBe(403);
    },
  );

  test('a store without a key makes no URLs and no door', async () => {
    const folder = await tempFolder();
    const plain = await FileObjectStore.open({ root: folder.path });
    const [tenant] = newTenants();
    await expect(plain.presignDownload(tenant, sample().digest, 60)).rejects.toMatchObject({ kind: 'unsupported' });
    expect(() => createObjectDoor(plain)).toThrow(TypeError);
    await folder.remove();
  });
});
