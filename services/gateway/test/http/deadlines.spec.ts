import { request as httpRequest } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { echo } from '../fake-service.js';
import { GatewayApp } from '../gateway-app.js';

const PATH = '/v1/models';

describe('deadlines', () => {
  let gateway: GatewayApp;
  let key: string;
  beforeAll(async () => {
    gateway = await GatewayApp.start({ answerTimeoutMs: 20_000, bodyTimeoutMs: 5_000, unreachableWaitMs: 5_000 });
    await gateway.tenant('aa');
    ({ key } = await gateway.principal('aa', [['tenant-admin', 'aa']]));
  });
  afterAll(() => gateway.close());
  afterEach(() => {
    gateway.service.answer = echo;
  });

  const told = (): unknown => {
    const { headers } = gateway.service.seen.at(-1)!;
    expect(headers['x-request-timeout-ms']).toBeUndefined();
    return headers['x-myriad-timeout-ms'];
  };

  it.each([
    [{ 'x-request-timeout-ms': '9000' }, 9_000],
    [{ 'x-myriad-timeout-ms': '8000' }, 8_000],
    [{ 'x-request-timeout-ms': '7000', 'x-myriad-timeout-ms': '9000' }, 7_000],
  ])('%j: what is left of the shorter one goes on', async (headers, mostMs) => {
    expect((await gateway.send('GET', PATH, { key, headers })).status).toBe(200);
    const left = Number(told());
    expect(left).toBeLessThan(mostMs);
    expect(left).toBeGreaterThan(mostMs - 5_000);
  });

  it.each([
    [{}],
    [{ 'x-request-timeout-ms': 'soon' }],
    [{ 'x-request-timeout-ms': '-5' }],
    [{ 'x-request-timeout-ms': '1e3' }],
  ])('%j is no deadline', async (headers) => {
    expect((await gateway.send('GET', PATH, { key, headers })).status).toBe(200);
    expect(told()).toBeUndefined();
  });

  it('that have passed are told, and nothing is forwarded', async () => {
    const before = gateway.service.seen.length;
    const answer = await gateway.send('GET', PATH, { key, headers: { 'x-request-timeout-ms': '0' } });
    expect(answer).toMatchObject({ status: 504, body: { code: 'gateway.deadline_exceeded' } });
    expect(gateway.service.seen).toHaveLength(before);
  });

  it('pass while a body is on its way: the time is the request’s, not the last byte’s', async () => {
    const before = gateway.service.seen.length;
    const headers = { authorization: `Bearer ${key}`, 'content-length': '2', 'x-request-timeout-ms': '100' };
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest(`${gateway.url}/v1/datasets`, { method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject).write('{');
      setTimeout(() => sent.end('}'), 150);
    });
    expect(status).toBe(504);
    expect(gateway.service.seen).toHaveLength(before);
  });

  it('that pass while a service works are told in time, and its work is given up', async () => {
    const before = gateway.service.aborted;
    gateway.service.answer = () => undefined;
    const answer = await gateway.send('GET', PATH, { key, headers: { 'x-request-timeout-ms': '100' } });
    expect(answer).toMatchObject({ status: 504, body: { code: 'gateway.deadline_exceeded' } });
    expect(gateway.service.aborted).toBeGreaterThanOrEqual(before);
  });
});
