import { request as httpRequest } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { echo } from '../fake-service.js';
import { GatewayApp, type Answer } from '../gateway-app.js';

const LIMIT = { requestsPerSecond: 1_000, burst: 1_000, maxInFlight: 2 };

describe('requests in flight of a tenant', () => {
  let gateway: GatewayApp;
  let key: string;
  /** Answers of the service that are held back. */
  let held: (() => void)[] = [];
  beforeAll(async () => {
    gateway = await GatewayApp.start({ answerTimeoutMs: 20_000 });
    await gateway.tenant('aa', { rateLimit: LIMIT });
    ({ key } = await gateway.principal('aa', [['tenant-admin', 'aa']]));
    await gateway.tenant('bb', { rateLimit: LIMIT });
  });
  afterAll(() => gateway.close());
  afterEach(() => {
    release();
    gateway.service.answer = echo;
  });

  const release = (): void => {
    for (const answer of held) answer();
    held = [];
  };
  /** Has the service hold its answers, and sends so many requests; resolves when they are there. */
  const hold = async (count: number): Promise<Promise<Answer>[]> => {
    gateway.service.answer = (request, response, body) => {
      held.push(() => {
        echo(request, response, body);
      });
    };
    const sent = Array.from({ length: count }, () => gateway.send('GET', '/v1/models', { key }));
    await eventually(() => {
      expect(held).toHaveLength(count);
    });
    return sent;
  };

  it('are limited: one too many is told which limit it was, and when to come again', async () => {
    const sent = await hold(2);
    const refused = await gateway.send('GET', '/v1/models', { key });
    expect(refused).toMatchObject({ status: 429, body: { code: 'gateway.concurrency_limited' } });
    expect(refused.body.detail).toContain("'aa'");
    expect(refused.body.detail).toContain('2;');
    expect(refused.headers['retry-after']).toBe('1');
    release();
    for (const one of sent) expect((await one).status).toBe(200);
    gateway.service.answer = echo;
    expect((await gateway.send('GET', '/v1/models', { key })).status).toBe(200);
  });

  it("cost no other tenant anything, and end with their client's leaving", async () => {
    const other = await gateway.principal('bb', [['tenant-admin', 'bb']]);
    gateway.service.answer = (request, response, body) => {
      if (request.headers['x-hold'] === undefined) echo(request, response, body);
      else held.push(() => undefined);
    };
    const leaving = [0, 1].map(() => {
      const headers = { authorization: `Bearer ${key}`, 'x-hold': '1' };
      return httpRequest(`${gateway.url}/v1/models`, { headers })
        .on('error', () => undefined)
        .end();
    });
    await eventually(() => {
      expect(held).toHaveLength(2);
    });
    expect((await gateway.send('GET', '/v1/models', { key })).status).toBe(429);
    expect((await gateway.send('GET', '/v1/models', { key: other.key })).status).toBe(200);
    for (const one of leaving) one.destroy();
    await eventually(async () => {
      expect((await gateway.send('GET', '/v1/models', { key })).status).toBe(200);
    });
  });

  it('count over all gateways', async () => {
    const second = await gateway.another();
    try {
      await eventually(async () => {
        expect((await second.send('GET', '/v1/models', { key })).status).toBe(200);
      });
      const sent = await hold(2);
      // what comes before the word of the two is held, too
      const headers = { 'x-request-timeout-ms': '200' };
      await eventually(async () => {
        expect((await second.send('GET', '/v1/models', { key, headers })).body.code).toBe(
          'gateway.concurrency_limited',
        );
      });
      release();
      await Promise.all(sent);
      gateway.service.answer = echo;
      await eventually(async () => {
        expect((await second.send('GET', '/v1/models', { key })).status).toBe(200);
      });
    } finally {
      await second.close();
    }
  });
});
