import { request as httpRequest } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { echo, fakeService } from '../fake-service.js';
import { GatewayApp, type Answer } from '../gateway-app.js';

/** A port where nobody listens, for now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the gateway refuses', () => {
  let gateway: GatewayApp;
  let key: string;
  let deadPort: number;
  beforeAll(async () => {
    deadPort = await freePort();
    gateway = await GatewayApp.start({}, { training: `http://127.0.0.1:${deadPort}` });
    await gateway.tenant('aa');
    ({ key } = await gateway.principal('aa', [['tenant-admin', 'aa']]));
  });
  afterAll(() => gateway.close());

  /** Sends a head and then the chunks with pauses; the answer may come before the body is through. */
  function slowly(
    path: string,
    headers: Record<string, string>,
    chunks: readonly string[],
    pauseMs: number,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const all = { authorization: `Bearer ${key}`, ...headers };
      const sent = httpRequest(`${gateway.url}${path}`, { method: 'POST', headers: all }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          clearInterval(timer);
          sent.destroy();
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            text,
            body: JSON.parse(text) as Answer['body'],
          });
        });
      });
      sent.on('error', reject);
      sent.flushHeaders();
      let next = 0;
      const timer = setInterval(() => {
        const chunk = chunks[next];
        next += 1;
        if (chunk !== undefined) sent.write(chunk);
      }, pauseMs);
    });
  }

  describe('a body', () => {
    it('that is declared too large, before any of it is sent on', async () => {
      const forwarded = gateway.service.seen.length;
      const answer = await gateway.send('POST', '/v1/datasets', { key, body: 'x'.repeat(1_048_577) });
      expect(answer).toMatchObject({ status: 413, body: { code: 'gateway.body_too_large' } });
      expect(answer.body.detail).toContain('1048576');
      expect(gateway.service.seen).toHaveLength(forwarded);
    });

    it('that turns out too large', async () => {
      const chunks = Array.from({ length: 40 }, () => 'x'.repeat(50_000));
      const answer = await slowly('/v1/datasets', { 'transfer-encoding': 'chunked' }, chunks, 1);
      expect(answer).toMatchObject({ status: 413, body: { code: 'gateway.body_too_large' } });
    });

    it('that does not come, small or large', async () => {
      for (const size of ['10', '900000'])
        expect(await slowly('/v1/datasets', { 'content-length': size }, ['x'], 5)).toMatchObject({
          status: 408,
          body: { code: 'gateway.slow_body' },
        });
    });

    it('of a GET', async () => {
      expect((await gateway.send('GET', '/v1/datasets', { key, body: 'x' })).body.code).toBe('gateway.body_unexpected');
    });
  });

  describe('when a service', () => {
    it('is down: try again later', async () => {
      const answer = await gateway.send('GET', '/v1/jobs', { key });
      expect(answer).toMatchObject({ status: 503, body: { code: 'gateway.service_unavailable' } });
      expect(answer.headers['retry-after']).toBe('1');
    });

    it('comes up in time for a second try, it is none: also for what has a body', async () => {
      const pending = gateway.send('POST', '/v1/jobs', { key, body: '{"a":1}' });
      const service = await fakeService(deadPort);
      expect((await pending).status).toBe(200);
      expect(service.seen.map((seen) => seen.body)).toEqual(['{"a":1}']);
      await service.close();
    });

    it('does not answer in time', async () => {
      gateway.service.answer = () => undefined;
      const answer = await gateway.send('GET', '/v1/models', { key });
      gateway.service.answer = echo;
      expect(answer).toMatchObject({ status: 504, body: { code: 'gateway.service_timeout' } });
    });

    it('breaks off: once for what changes something, after a second try for what reads', async () => {
      gateway.service.answer = (request) => request.socket.destroy();
      for (const [method, tries] of [
        ['POST', 1],
        ['GET', 2],
      ] as const) {
        const before = gateway.service.seen.length;
        const answer = await gateway.send(method, '/v1/datasets', { key, ...(method === 'POST' && { body: '{}' }) });
        expect(answer).toMatchObject({ status: 502, body: { code: 'gateway.service_broke_off' } });
        expect(gateway.service.seen.length - before).toBe(tries);
      }
      gateway.service.answer = echo;
    });

    it('breaks off within its answer: by breaking off too, never by an end that looks whole', async () => {
      gateway.service.answer = (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"half":');
        setTimeout(() => response.destroy(), 20);
      };
      await expect(gateway.send('GET', '/v1/models', { key })).rejects.toThrow();
      gateway.service.answer = echo;
    });
  });

  describe('more than the rate limit', () => {
    it('of a tenant, with the time to wait, and no other tenant pays for it', async () => {
      await gateway.tenant('slow', { rateLimit: { requestsPerSecond: 0.5, burst: 3 } });
      const { key: slow } = await gateway.principal('slow', [['viewer', 'slow']]);
      const answers = [];
      for (let i = 0; i < 4; i += 1) answers.push(await gateway.send('GET', '/v1/models', { key: slow }));
      expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 429]);
      const refused = answers[3]!;
      expect(refused.body.code).toBe('gateway.rate_limited');
      expect(Number(refused.headers['retry-after'])).toBe(2);
      expect(refused.headers).toMatchObject({
        'ratelimit-limit': '3',
        'ratelimit-remaining': '0',
        'ratelimit-reset': '2',
      });
      expect((await gateway.send('GET', '/v1/models', { key })).status).toBe(200);
    });

    it('until the limit is raised', async () => {
      await gateway.tenant('raised', { rateLimit: { requestsPerSecond: 0.001, burst: 1 } });
      const { key: raised } = await gateway.principal('raised', [['viewer', 'raised']]);
      await gateway.send('GET', '/v1/models', { key: raised });
      expect((await gateway.send('GET', '/v1/models', { key: raised })).status).toBe(429);
      await gateway.tenant('raised', { rateLimit: { requestsPerSecond: 1000, burst: 1000 }, generation: 2 });
      await eventually(async () => {
        expect((await gateway.send('GET', '/v1/models', { key: raised })).status).toBe(200);
      });
    });
  });
});
