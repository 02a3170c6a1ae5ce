import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { echo } from '../fake-service.js';
import { GatewayApp } from '../gateway-app.js';

describe('the gateway forwards', () => {
  let gateway: GatewayApp;
  let key: string;
  beforeAll(async () => {
    gateway = await GatewayApp.start();
    await gateway.tenant('aa');
    ({ key } = await gateway.principal('aa', [['tenant-admin', 'aa']]));
  });
  afterAll(() => gateway.close());

  it('method, path, query, body and answer as they are', async () => {
    const body = JSON.stringify({ name: 'flights', note: 'é'.repeat(50) });
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'k1' };
    const answer = await gateway.send('POST', '/v1/datasets?x=1&y=%20', { key, body, headers });
    expect(answer.status).toBe(200);
    const seen = gateway.service.seen.at(-1)!;
    expect(seen).toMatchObject({ method: 'POST', url: '/v1/datasets?x=1&y=%20', body });
    expect(seen.headers).toMatchObject(headers);
    expect(Number(answer.headers['ratelimit-limit'])).toBe(1000);
    expect(Number(answer.headers['ratelimit-remaining'])).toBeLessThan(1000);
  });

  it('bodies of every size and framing, byte for byte', async () => {
    for (const size of [0, 1, 65_536, 65_537, 900_000]) {
      const body = 'x'.repeat(size);
      expect((await gateway.send('POST', '/v1/datasets', { key, body })).body['received']).toBe(size);
    }
    const chunked = await new Promise<string>((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}`, 'transfer-encoding': 'chunked' };
      const sent = httpRequest(`${gateway.url}/v1/datasets`, { method: 'POST', headers }, (response) => {
        response.on('data', (chunk: Buffer) => {
          resolve(chunk.toString());
        });
      });
      sent.on('error', reject);
      for (let i = 0; i < 10; i += 1) sent.write('y'.repeat(10_000));
      sent.end();
    });
    expect(JSON.parse(chunked)).toMatchObject({ received: 100_000 });
  });

  it('nothing of what only it may say, however it is spelled', async () => {
    const headers = {
      'X-Myriad-Tenant': 'aa',
      'x-MYRIAD-Permissions': 'tenants:write',
      'X-Forwarded-For': '10.0.0.1',
      'X-Forwarded-Host': 'evil',
      Forwarded: 'for=10.0.0.1',
      'X-Real-IP': '10.0.0.1',
      'X-Original-URL': '/v1/keys',
      Cookie: 'session=1',
      'Proxy-Authorization': 'Basic x',
      Connection: 'keep-alive, X-Secret-Hop',
      'X-Secret-Hop': '1',
      TE: 'trailers',
      'X-Myriad-Timeout-Ms': '250',
      'X-Kept': 'yes',
    };
    await gateway.send('GET', '/v1/datasets', { key, headers });
    const seen = gateway.service.seen.at(-1)!.headers;
    for (const name of Object.keys(headers)) {
      if (!['x-kept', 'x-myriad-timeout-ms', 'connection'].includes(name.toLowerCase()))
        expect([name, seen[name.toLowerCase()]]).toEqual([name, undefined]);
    }
    expect(seen['x-kept']).toBe('yes');
    expect(Number(seen['x-myriad-timeout-ms'])).toBeLessThanOrEqual(250);
    expect(JSON.stringify(seen)).not.toContain(key);
  });

  it('one Authorization, its own, when a second one is smuggled in', async () => {
    const raw = [
      'GET /v1/datasets HTTP/1.1',
      'Host: gateway',
      `Authorization: Bearer ${key}`,
      'Authorization: Bearer forged',
      'X-Request-Id: chosen-1',
      'Connection: close',
      '',
      '',
    ].join('\r\n');
    expect(await rawExchange(gateway.url, raw)).toContain('200 OK');
    const { rawHeaders, headers } = gateway.service.seen.at(-1)!;
    const authorizations = rawHeaders.filter(
      (_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === 'authorization',
    );
    expect(authorizations).toHaveLength(1);
    expect(authorizations[0]).not.toContain('forged');
    expect(headers['x-request-id']).toBe('chosen-1');
    expect((await gateway.lastCaller()).principal.id).toMatch(/^svc_/);
  });

  it('neither a request with two lengths nor one with a length and chunks', async () => {
    const forwarded = gateway.service.seen.length;
    const head = ['POST /v1/datasets HTTP/1.1', 'Host: gateway', `Authorization: Bearer ${key}`];
    const both = [...head, 'Content-Length: 5', 'Transfer-Encoding: chunked', '', '0\r\n\r\n'].join('\r\n');
    const twice = [...head, 'Content-Length: 5', 'Content-Length: 6', '', 'hello'].join('\r\n');
    for (const raw of [both, twice]) expect(await rawExchange(gateway.url, raw)).toContain('400 Bad Request');
    expect(gateway.service.seen).toHaveLength(forwarded);
  });

  it("the caller's trace, or begins one", async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await gateway.send('GET', '/v1/datasets', { key, headers: { traceparent } });
    expect(gateway.service.seen.at(-1)?.headers['traceparent']).toBe(traceparent);
    await gateway.send('GET', '/v1/datasets', { key, headers: { traceparent: 'nonsense' } });
    expect(gateway.service.seen.at(-1)?.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  it('with one internal token as long as it lives, and another for other rights', async () => {
    const tokens = new Set<string | undefined>();
    for (let i = 0; i < 3; i += 1) {
      await gateway.send('GET', '/v1/datasets', { key });
      tokens.add(gateway.service.seen.at(-1)?.headers.authorization);
    }
    expect(tokens.size).toBe(1);
    await gateway.send('GET', '/v1/datasets', { key, headers: { 'x-myriad-environment': 'research' } });
    expect(tokens).not.toContain(gateway.service.seen.at(-1)?.headers.authorization);
  });

  it.each([
    '/v1/datasets/../keys',
    '/v1/datasets/%2e%2e/keys',
    '/v1/datasets/%2E%2E/keys',
    '/v1/datasets/.%2e/keys',
    '/v1/datasets/..%2fkeys',
    '/v1/datasets%2fkeys',
    '/v1/datasets/x%2Fversions',
    '/v1/datasets/%5c..%5ckeys',
    '/v1/datasets\\..\\keys',
    '/v1//keys',
    '//v1/keys',
    '/v1/./keys',
    '/v1/keys/..',
    '/v1/datasets/%252e%252e/keys',
    '/v1/datasets/%00',
    '/v1/datasets/%zz',
    'http://elsewhere/v1/keys',
  ])('no path that could be read in two ways: %s', async (path) => {
    const forwarded = gateway.service.seen.length;
    expect(await gateway.send('GET', path, { key })).toMatchObject({
      status: 400,
      body: { code: 'gateway.path_invalid' },
    });
    expect(gateway.service.seen).toHaveLength(forwarded);
  });

  it('only what the contracts know, by their methods', async () => {
    expect(await gateway.send('GET', '/v1/nothing', { key })).toMatchObject({
      status: 404,
      body: { code: 'gateway.route_not_found' },
    });
    for (const method of ['PUT', 'TRACE', 'OPTIONS']) {
      const answer = await gateway.send(method, '/v1/datasets', { key });
      expect(answer).toMatchObject({ status: 405, body: { code: 'gateway.method_not_allowed' } });
      expect(answer.headers.allow).toContain('POST');
    }
    expect((await gateway.send('GET', '/v1/principals/me/', { key })).status).toBe(404);
  });

  it('the more exact of two routes', async () => {
    const { key: viewer } = await gateway.principal('aa', []);
    expect((await gateway.send('GET', '/v1/principals/me', { key: viewer })).status).toBe(200);
    expect((await gateway.send('GET', '/v1/principals/usr_1', { key: viewer })).status).toBe(403);
  });

  it('event streams as they come, and tells the service when the client leaves', async () => {
    const before = gateway.service.aborted;
    let send: (text: string) => void = () => undefined;
    gateway.service.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      send = (text) => response.write(text);
    };
    const controller = new AbortController();
    const response = await fetch(`${gateway.url}/v1/jobs/job_1/events`, {
      headers: { authorization: `Bearer ${key}`, 'last-event-id': '7' },
      signal: controller.signal,
    });
    expect(gateway.service.seen.at(-1)?.headers['last-event-id']).toBe('7');
    const reader = response.body!.getReader();
    for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
      send(text);
      expect(Buffer.from((await reader.read()).value).toString()).toBe(text);
    }
    controller.abort();
    await eventually(() => {
      expect(gateway.service.aborted).toBe(before + 1);
    });
    gateway.service.answer = echo;
  });

  it('large answers no faster than the client reads them', async () => {
    const size = 30_000_000;
    gateway.service.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size });
      response.end(Buffer.alloc(size, 7));
    };
    const response = await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    let received = 0;
    for await (const chunk of response.body!) received += (chunk as Uint8Array).length;
    expect(received).toBe(size);
    gateway.service.answer = echo;
  });
});

/** Sends bytes, answers with what came back until the gateway closed. */
function rawExchange(url: string, raw: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(raw));
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => {
      resolve(text);
    });
  });
}
