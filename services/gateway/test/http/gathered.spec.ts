import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { fakeService, type Answer, type FakeService } from '../fake-service.js';
import { GatewayApp } from '../gateway-app.js';

const INDEX = '/v2/repository/index';
const version = (name: string): object => ({ name, version: '1', state: 'READY', reason: '' });
const answering =
  (value: unknown, status = 200): Answer =>
  (_request, response) => {
    const body = JSON.stringify(value);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  };
const statistics = (count: number): Answer =>
  answering({
    model_stats: [
      {
        name: 'm',
        version: '1',
        last_inference: 100 + count,
        inference_count: count,
        inference_stats: { success: { count, ns: 10 * count } },
        batch_stats: [],
      },
    ],
  });

describe('what no replica alone can answer', () => {
  let gateway: GatewayApp;
  let replicas: FakeService[];
  let key: string;
  beforeAll(async () => {
    gateway = await GatewayApp.start();
    replicas = [await fakeService(), await fakeService(), await fakeService()];
    await gateway.tenant('aa');
    ({ key } = await gateway.principal('aa', [['predictor', 'aa']]));
    const [one, two, three] = replicas.map(({ url }) => url) as [string, string, string];
    await gateway.pool('tabular-small', [one, two]);
    await gateway.pool('vision-small', [three]);
    await gateway.placement('aa', 'm', 'tabular-small');
    await eventually(async () => {
      expect((await gateway.send('GET', '/v2/models/m', { key })).status).toBe(200);
    });
  });
  afterAll(async () => {
    await gateway.close();
    for (const replica of replicas) await replica.close();
  });
  beforeEach(() => {
    for (const replica of replicas) replica.seen.length = 0;
  });

  it('is gathered: the index of one replica of each pool, each version once', async () => {
    for (const replica of replicas) replica.answer = answering([version('m')]);
    replicas[2]!.answer = answering([version('m'), version('vision')]);
    const headers = { 'accept-encoding': 'gzip' };
    const answer = await gateway.send('POST', INDEX, { key, body: '{"ready":true}', headers });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual([version('m'), version('vision')]);
    expect(answer.headers['ratelimit-limit']).toBe('1000');
    const seen = replicas.flatMap((replica) => replica.seen);
    expect(seen.map(({ body }) => body)).toEqual(['{"ready":true}', '{"ready":true}']);
    expect(seen.map(({ headers: sent }) => sent['accept-encoding'])).toEqual([undefined, undefined]);
  });

  it('is added up: the statistics of all replicas of the pool, without one that is away', async () => {
    replicas[0]!.answer = statistics(3);
    replicas[1]!.answer = statistics(4);
    const ask = () => gateway.send('GET', '/v2/models/m/stats', { key });
    expect((await ask()).body).toMatchObject({
      model_stats: [
        {
          inference_count: 7,
          last_inference: 104,
          inference_stats: { success: { count: 7, ns: 70 } },
          batch_stats: [],
        },
      ],
    });
    await gateway.pool('tabular-small', [replicas[0]!.url, 'http://127.0.0.1:1']);
    await eventually(async () => {
      expect((await ask()).body).toMatchObject({ model_stats: [{ inference_count: 3 }] });
    });
    await gateway.pool('tabular-small', [replicas[0]!.url, replicas[1]!.url]);
  });

  it('is done everywhere: a model is freed by every replica of its pool, and loaded by its owner', async () => {
    for (const replica of replicas) replica.answer = answering({});
    await eventually(async () => {
      for (const replica of replicas) replica.seen.length = 0;
      expect((await gateway.send('POST', '/v2/repository/models/m/unload', { key, body: '{}' })).status).toBe(200);
      expect(replicas.map(({ seen }) => seen.length)).toEqual([1, 1, 0]);
    });
    for (const replica of replicas) replica.seen.length = 0;
    expect((await gateway.send('POST', '/v2/repository/models/m/load', { key, body: '{}' })).status).toBe(200);
    expect(replicas.flatMap(({ seen }) => seen)).toHaveLength(1);
  });

  it('is refused as a replica refuses it, and when a pool can not be asked', async () => {
    for (const replica of replicas) replica.answer = answering([]);
    replicas[2]!.answer = answering({ code: 'http.permission_missing' }, 403);
    expect(await gateway.send('POST', INDEX, { key, body: '{}' })).toMatchObject({
      status: 403,
      body: { code: 'http.permission_missing' },
    });
    await gateway.pool('audio-small', ['http://127.0.0.1:1']);
    replicas[2]!.answer = answering([]);
    await eventually(async () => {
      expect(await gateway.send('POST', INDEX, { key, body: '{}' })).toMatchObject({
        status: 503,
        body: { code: 'gateway.service_unavailable' },
      });
    });
  });
});
