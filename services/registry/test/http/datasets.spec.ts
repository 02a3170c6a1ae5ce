import { createHash } from 'node:crypto';
import { datasetVersionCommittedV1, registryRoutes as routes } from '@myriad/contracts';
import { type Digest, digestOf, problems } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import { testContext } from '@myriad/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import type { ObjectSweepStore } from '../../src/application/ports.js';
import { Uploads } from '../../src/application/uploads.js';
import { RegistryApp } from '../registry-app.js';

const CSV = 'day,delay\n1,2.5\n2,\n';
const ABSENT = digestOf('absent');

describe('datasets', () => {
  let app: RegistryApp;
  beforeAll(async () => {
    app = await RegistryApp.start();
  });
  afterAll(() => app.close());

  const versions = (tenant: string, name: string) =>
    app.harness.request(routes.listDatasetVersions, { tenant, params: { name } });
  const commit = (tenant: string, name: string, digest: Digest, format: 'csv' | 'parquet' = 'csv') =>
    app.harness.request(routes.commitDatasetVersion, { tenant, params: { name }, body: { digest, format } });
  const put = (tenant: string, name: string, bytes: string | Uint8Array) =>
    app.harness.request(routes.putDatasetContent, {
      tenant,
      params: { name },
      anyBody: bytes,
      headers: { 'content-type': 'text/csv' },
    });

  it('are made once, listed page by page, and shown to their tenant only', async () => {
    for (const name of ['c', 'a', 'b']) await app.dataset('lists', name);
    const first = await app.harness.request(routes.listDatasets, { tenant: 'lists', query: { pageSize: 2 } });
    expect(first.body.items.map(({ name }) => name)).toEqual(['a', 'b']);
    const pageToken = first.body.nextPageToken ?? '';
    const second = await app.harness.request(routes.listDatasets, {
      tenant: 'lists',
      query: { pageSize: 2, pageToken },
    });
    expect(second.body).toEqual({ items: [expect.objectContaining({ name: 'c', latestVersion: null })] });
    const again = await app.harness.request(routes.createDataset, { tenant: 'lists', body: { name: 'a' } });
    expect([again.status, again.problem.code]).toEqual([409, 'registry.dataset_exists']);
    const other = await app.harness.request(routes.getDataset, { tenant: 'other', params: { name: 'a' } });
    expect([other.status, other.problem.code]).toEqual([404, 'registry.dataset_not_found']);
    expect((await app.harness.request(routes.listDatasets, { tenant: 'other' })).body.items).toEqual([]);
  });

  it('take an uploaded file as the next version, and announce it', async () => {
    await app.dataset('aa', 'flights');
    const digest = await app.upload('aa', CSV);
    const committed = await commit('aa', 'flights', digest);
    expect(committed.body).toMatchObject({ version: 1, digest, rowCount: 2, sizeBytes: CSV.length, format: 'csv' });
    expect(committed.body.columns).toMatchObject([
      { name: 'day', type: 'integer' },
      { name: 'delay', nullCount: 1 },
    ]);
    const { data } = await app.harness.event(datasetVersionCommittedV1, { tenantId: 'aa', datasetName: 'flights' });
    expect(data).toMatchObject({
      version: 1,
      digest,
      rowCount: 2,
      columns: [
        { name: 'day', type: 'integer', nullCount: 0 },
        { name: 'delay', type: 'number', nullCount: 1 },
      ],
    });
    const params = { name: 'flights', version: 1 };
    const read = await app.harness.request(routes.getDatasetVersion, { tenant: 'aa', params });
    expect(read.body).toEqual(committed.body);
    const other = await app.harness.request(routes.getDatasetVersion, { tenant: 'bb', params });
    expect([other.status, other.problem.code]).toEqual([404, 'registry.dataset_version_not_found']);
  });

  it('take a file by a presigned URL, and give one to read it back', async () => {
    await app.dataset('url', 'flights');
    const digest = digestOf(CSV);
    const params = { name: 'flights' };
    const body = { digest, sizeBytes: CSV.length };
    const upload = (await app.harness.request(routes.createDatasetUpload, { tenant: 'url', params, body })).body;
    const { url, method, headers } = upload;
    const wrong = await fetch(url, { method, headers, body: CSV.replace('1', '7') });
    expect(wrong.status).toBe(422);
    expect((await commit('url', 'flights', digest)).problem.code).toBe('registry.upload_not_found');
    expect((await fetch(url, { method, headers, body: CSV })).ok).toBe(true);
    expect((await commit('url', 'flights', digest)).body.version).toBe(1);
    const version = { name: 'flights', version: 1 };
    const link = await app.harness.request(routes.downloadDatasetVersion, { tenant: 'url', params: version });
    expect(await (await fetch(link.body.url, { headers: link.body.headers })).text()).toBe(CSV);
    const other = await app.harness.request(routes.downloadDatasetVersion, { tenant: 'bb', params: version });
    expect(other.status).toBe(404);
  });

  it('take a streamed body of megabytes', async () => {
    await app.dataset('stream', 'big');
    const text = `n,text\n${Array.from({ length: 200_000 }, (_, at) => `${at},row ${at}`).join('\n')}\n`;
    const answer = await put('stream', 'big', text);
    expect(answer.body).toMatchObject({ version: 1, rowCount: 200_000, sizeBytes: Buffer.byteLength(text) });
    expect(answer.body.digest).toBe(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  });

  it('give the version that is there for bytes that came before, even at once', async () => {
    await app.dataset('same', 'flights');
    const digest = await app.upload('same', CSV);
    const answers = await Promise.all([1, 2, 3].map(() => commit('same', 'flights', digest)));
    expect(answers.map(({ body }) => body.version)).toEqual([1, 1, 1]);
    expect((await put('same', 'flights', `${CSV}3,1\n`)).body.version).toBe(2);
    expect((await put('same', 'flights', CSV)).body.version).toBe(1);
    expect((await versions('same', 'flights')).body.items.map(({ version }) => version)).toEqual([2, 1]);
    await app.harness.flush();
    const told = app.harness.eventsOf(datasetVersionCommittedV1).filter(({ data }) => data.tenantId === 'same');
    expect(told.map(({ data }) => data.version)).toEqual([1, 2]);
  });

  it('number versions without a gap or a fork when many are committed at once', async () => {
    await app.dataset('many', 'flights');
    const answers = await Promise.all([1, 2, 3, 4].map((at) => put('many', 'flights', `a\n${at}\n`)));
    expect(answers.map(({ body }) => body.version).sort()).toEqual([1, 2, 3, 4]);
  });

  test.each([
    ['a ragged file', 'a,b\n1,2\n3\n', 'registry.csv_ragged', 'line 3'],
    ['Latin-1', Buffer.from('a\nMüller\n', 'latin1'), 'registry.csv_encoding', 'UTF-8'],
    ['a header only', 'a,b\n', 'registry.file_empty', 'no rows'],
    ['a column named twice', 'a,a\n1,2\n', 'registry.csv_duplicate_header', "'a' twice"],
  ])('refuse %s and keep no version of it', async (name, bytes, code, detail) => {
    const tenant = name.toLowerCase().replaceAll(/[^a-z]/g, '-');
    await app.dataset(tenant, 'bad');
    const answer = await put(tenant, 'bad', bytes);
    expect([answer.status, answer.problem.code]).toEqual([422, code]);
    expect(answer.problem.detail).toContain(detail);
    expect((await versions(tenant, 'bad')).body.items).toEqual([]);
  });

  it("refuse a commit of what was never uploaded, and of another tenant's bytes", async () => {
    await app.dataset('thief', 'flights');
    const digest = await app.upload('owner', `${CSV}9,9\n`);
    for (const wanted of [digest, ABSENT]) {
      const answer = await commit('thief', 'flights', wanted);
      expect([answer.status, answer.problem.code]).toEqual([404, 'registry.upload_not_found']);
    }
    expect((await commit('thief', 'nowhere', digest)).problem.code).toBe('registry.dataset_not_found');
    expect((await put('thief', 'nowhere', CSV)).problem.code).toBe('registry.dataset_not_found');
  });

  it('say so when the uploaded bytes have another digest, and let other failures through', async () => {
    const mismatch = problems('storage')('unprocessable', 'digest_mismatch', 'other bytes');
    const down = problems('storage')('unavailable', 'unavailable', 'gone');
    for (const [thrown, expected] of [
      [mismatch, { code: 'registry.digest_mismatch', message: 'other bytes', cause: mismatch }],
      [down, { code: 'storage.unavailable' }],
    ] as const) {
      const objects = { head: () => Promise.resolve(undefined), confirmUpload: () => Promise.reject(thrown) };
      const uploads = new Uploads(objects as unknown as ObjectStore, {} as ObjectSweepStore);
      await expect(uploads.confirm(testContext('aa'), ABSENT)).rejects.toMatchObject(expected);
    }
  });

  it('refuse unknown members, wrong types, malformed JSON and missing permissions', async () => {
    const headers = { 'content-type': 'application/json' };
    const create = (anyBody: unknown, permissions = ['datasets:write']) =>
      app.harness.request(routes.createDataset, { tenant: 'aa', anyBody, permissions, headers });
    expect((await create({ name: 'x', colour: 'red' })).problem.errors).toMatchObject([{ pointer: '/colour' }]);
    expect((await create({ name: 7 })).problem.errors).toMatchObject([{ pointer: '/name' }]);
    expect((await create('{"name"')).status).toBe(400);
    expect((await create({ name: 'x' }, ['datasets:read'])).problem.code).toBe('http.permission_missing');
  });
});
