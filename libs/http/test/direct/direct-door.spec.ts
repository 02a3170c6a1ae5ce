import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineRoute } from '@myriad/contracts';
import { ProblemError } from '@myriad/kernel';
import { createLogger } from '@myriad/telemetry';
import { Controller } from '@nestjs/common';
import { z } from 'zod';
import { Handle, directDoorOf, type DirectCall } from '../../src/index.js';
import { problemIn, startApp, type TestApp } from '../support.js';
import { ThingsController, routes } from '../things.js';

const weigh = defineRoute({
  operationId: 'weighThing',
  method: 'POST',
  path: '/v1/things/:name/weigh',
  summary: 'Bytes in, text out',
  permission: 'things:write',
  params: z.object({ name: z.string().regex(/^[a-z ]{1,20}$/) }),
  bytesBody: ['application/json', 'application/octet-stream'],
  maxBodyBytes: 200_000,
  response: z.unknown(),
});
const fullWeigh = defineRoute({ ...weigh, path: '/v1/full-things/:name/weigh' });
const platformWeigh = defineRoute({ ...weigh, path: '/v1/platform-things/:name/weigh', scope: 'platform' });

/** Whoever waits here is refused when the test says so. */
const held: (() => void)[] = [];
const tooMany = new ProblemError({ kind: 'rate-limited', code: 'test.full', detail: 'full', retryAfterSeconds: 1 });
const arrived: string[] = [];
const gone: boolean[] = [];
const written: string[] = [];
const logger = createLogger({ service: 'test', destination: { write: (line) => void written.push(line) } });

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

/** Says how many bytes came for what, at once or later. */
function answer(call: DirectCall<{ readonly name: string }>): string | Buffer | Promise<string> {
  const { name } = call.params;
  const text = JSON.stringify({ name, bytes: call.body.length, tenantId: call.context.tenantId });
  switch (name) {
    case 'late':
      return sleep(20).then(() => {
        logger.info({}, 'late');
        return text;
      });
    case 'left':
      arrived.push(name);
      return until(() => call.isGone()).then(() => {
        gone.push(call.isGone());
        return text;
      });
    case 'bytes':
      call.setHeader('content-type', 'application/octet-stream');
      return call.body;
    case 'busy':
      throw new ProblemError({ kind: 'unavailable', code: 'test.busy', detail: 'busy', retryAfterSeconds: 0.2 });
    case 'broken':
      return sleep(1).then(() => {
        throw new Error('secret inner words');
      });
    default:
      return text;
  }
}

/** Sends text in pieces and collects what comes back until the server closes, or until it has ended `answers` of them. */
function raw(port: number, pieces: readonly string[], answers = Infinity): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => {
      void (async () => {
        for (const piece of pieces) {
          socket.write(piece);
          await sleep(15);
        }
      })();
    });
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (text.split('"bytes"').length > answers) socket.end();
    });
    socket.on('close', () => {
      resolve(text);
    });
    socket.on('error', reject);
  });
}

describe('the direct door', () => {
  let server: TestApp;
  let token: string;
  beforeAll(async () => {
    server = await startApp([ThingsController], { limits: { bodyTimeoutMs: 200 } });
    const door = directDoorOf(server.app.getHttpAdapter());
    door.add(weigh, answer);
    door.add(platformWeigh, answer);
    const untilHeard = (): Promise<ProblemError> =>
      new Promise((resolve) => {
        held.push(() => {
          resolve(tooMany);
        });
      });
    door.add(fullWeigh, answer, untilHeard);
    token = await server.token();
  });
  afterAll(() => server.close());

  const post = (name: string, body: RequestInit['body'] = '{}', headers: Record<string, string> = {}, more = {}) =>
    server.fetch(`/v1/things/${name}/weigh`, { method: 'POST', body: body ?? null, headers, ...more });
  const head = (name: string, more: string) =>
    `POST /v1/things/${name}/weigh HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n${more}\r\n`;

  it('answers with the status, type and request id of every route', async () => {
    const response = await post('nut', '{"a":1}', { 'x-request-id': 'd-1' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('x-request-id')).toBe('d-1');
    expect(await response.json()).toEqual({ name: 'nut', bytes: 7, tenantId: 'aa' });
    expect((await post('nut')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers bytes and headers of a handler, and an empty body', async () => {
    const bytes = new Uint8Array([0, 255, 10]);
    const response = await post('bytes', bytes, { 'content-type': 'application/octet-stream' });
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    expect(await (await post('nut', null)).json()).toMatchObject({ bytes: 0 });
  });

  it('lets a handler take its time, with the fields of the request in its log lines', async () => {
    const response = await post('late', '{}', { 'x-request-id': 'd-2' });
    expect(await response.json()).toMatchObject({ name: 'late' });
    expect(JSON.parse(written.at(-1) ?? '')).toMatchObject({ msg: 'late', requestId: 'd-2', tenantId: 'aa' });
  });

  it('leaves all else to the other routes', async () => {
    expect((await server.fetch('/v1/things/nut')).status).toBe(200);
    for (const [method, path] of [
      ['GET', '/v1/things/nut/weigh'],
      ['POST', '/v1/things/nut/weigh/'],
      ['POST', '/v1/things//weigh'],
    ] as const)
      expect(await problemIn(await server.fetch(path, { method }))).toMatchObject({ code: 'http.route_not_found' });
  });

  it('refuses who may not call before it reads a body', async () => {
    const fresh = { body: '{}', method: 'POST' };
    const refused = async (path: string, given: string) =>
      (await problemIn(await server.fetch(path, { ...fresh, token: given }))).code;
    expect(await refused('/v1/things/nut/weigh', '')).toBe('http.token_missing');
    expect(await refused('/v1/things/nut/weigh', `${token}x`)).toBe('http.token_invalid');
    const reader = await server.token({ perms: ['things:read'] });
    expect(await refused('/v1/things/nut/weigh', reader)).toBe('http.permission_missing');
    expect(await refused('/v1/platform-things/nut/weigh', token)).toBe('http.platform_scope_required');
    const response = await server.fetch('/v1/things/nut/weigh', { ...fresh, token: '' });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(
      await raw(server.port, [
        `POST /v1/things/nut/weigh HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9\r\n\r\n`,
        '{',
      ]),
    ).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('checks the path as its contract says, and takes no query', async () => {
    expect(await (await post('big%20nut')).json()).toMatchObject({ name: 'big nut' });
    expect(await problemIn(await post('NUT'))).toMatchObject({
      status: 400,
      code: 'http.validation_failed',
      errors: [{ pointer: '#path/name' }],
    });
    expect(await problemIn(await post('%c3%28'))).toMatchObject({ status: 400, code: 'http.malformed_request' });
    const query = await server.fetch('/v1/things/nut/weigh?a=1', { method: 'POST', body: '{}' });
    expect(await problemIn(query)).toMatchObject({ code: 'http.validation_failed', errors: [{ pointer: '#query/a' }] });
  });

  it('takes a body in pieces, in chunks, and in gzip', async () => {
    const pieces = [head('nut', 'content-length: 6\r\n'), '{"a', '":', '1'];
    expect(await raw(server.port, pieces, 1)).toContain('"bytes":6');
    const chunked = [head('nut', 'transfer-encoding: chunked\r\n'), '4\r\n{"a"\r\n', '3\r\n:1}\r\n0\r\n\r\n'];
    expect(await raw(server.port, chunked, 1)).toContain('"bytes":7');
    expect(await (await post('nut', 'x'.repeat(150_000))).json()).toMatchObject({ bytes: 150_000 });
    const packed = new Uint8Array(gzipSync('{"a":12}'));
    expect(await (await post('nut', packed, { 'content-encoding': 'gzip' })).json()).toMatchObject({ bytes: 8 });
  });

  it('answers requests that came together in their order', async () => {
    const one = (name: string) => head(name, 'content-length: 2\r\n') + '{}';
    const text = await raw(server.port, [one('first') + one('late') + one('second')], 3);
    expect(text.indexOf('"first"')).toBeLessThan(text.indexOf('"late"'));
    expect(text.indexOf('"late"')).toBeLessThan(text.indexOf('"second"'));
  });

  it('refuses bodies that are too large, too slow, or of a form that it does not take', async () => {
    expect(await problemIn(await post('nut', 'x'.repeat(200_001)))).toMatchObject({ code: 'http.body_too_large' });
    const chunk = `${(100_001).toString(16)}\r\n${'x'.repeat(100_001)}\r\n`;
    const grows = [head('nut', 'connection: close\r\ntransfer-encoding: chunked\r\n'), chunk, chunk, '0\r\n\r\n'];
    expect(await raw(server.port, grows)).toMatch(/^HTTP\/1\.1 413 /);
    const slow = await raw(server.port, [head('nut', 'content-length: 9\r\n'), '{']);
    expect(slow).toMatch(/^HTTP\/1\.1 408 /);
    expect(slow).toMatch(/connection: close/i);
    expect(await problemIn(await post('nut', 'x', { 'content-type': 'text/csv' }))).toMatchObject({ status: 415 });
    expect(await problemIn(await post('nut', 'x', { 'content-encoding': 'br' }))).toMatchObject({ status: 415 });
    expect((await post('nut')).status).toBe(200);
  });

  it('refuses before the body when its route says so, and keeps the connection', async () => {
    const full = head('nut', 'content-length: 9\r\n').replace('things', 'full-things');
    const answers = raw(server.port, [`${full}{"a"`, `:123}${head('nut', 'content-length: 2\r\n')}{}`], 1);
    await until(() => held.length === 1);
    held.pop()?.();
    const text = await answers;
    expect(text).toMatch(/^HTTP\/1\.1 429 [^]*retry-after: 1[^]*test\.full[^]*HTTP\/1\.1 200 [^]*"bytes":2/);
    const unknown = await server.fetch('/v1/full-things/nut/weigh', { method: 'POST', body: '{}', token: '' });
    expect(unknown.status).toBe(401);
    expect(held).toEqual([]);
  });

  it('tells what a handler refuses, and of a fault nothing but the request id', async () => {
    const busy = await post('busy');
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await problemIn(busy)).toMatchObject({ code: 'test.busy' });
    const broken = await post('broken', '{}', { 'x-request-id': 'd-3' });
    expect(await problemIn(broken)).toMatchObject({ status: 500, code: 'http.internal', requestId: 'd-3' });
    const lines = server.logger.lines.filter(({ fields }) => fields['requestId'] === 'd-3');
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'error a request failed',
      'warn request',
    ]);
  });

  it('knows when the client has left', async () => {
    const leaving = new AbortController();
    const sent = post('left', '{}', { 'x-request-id': 'd-4' }, { signal: leaving.signal });
    await until(() => arrived.length > 0);
    leaving.abort();
    await expect(sent).rejects.toThrow();
    await until(() => gone.length > 0);
    expect(gone).toEqual([true]);
    const logged = server.logger.lines.find(({ fields }) => fields['requestId'] === 'd-4');
    expect(logged?.fields).toMatchObject({ status: 499, route: weigh.path, tenantId: 'aa' });
  });

  it('answers a GET without a query, and leaves one with a query to Nest', async () => {
    const read = defineRoute({
      operationId: 'readWeight',
      method: 'GET',
      path: '/v1/things/:name/weight',
      summary: 'Now, or at a time',
      permission: 'things:read',
      params: z.object({ name: z.string() }),
      query: z.object({ asOf: z.string().optional() }),
      response: z.object({ by: z.string() }),
    });
    @Controller()
    class WeightController {
      @Handle(read)
      read(): { by: string } {
        return { by: 'Nest' };
      }
    }
    const weights = await startApp([WeightController]);
    directDoorOf(weights.app.getHttpAdapter()).add(read, ({ params }) => JSON.stringify({ by: params.name }));
    const by = async (path: string, headers = {}) =>
      (await (await weights.fetch(path, { headers })).json()) as { by: string };
    expect(await by('/v1/things/nut/weight', { 'content-type': 'text/plain' })).toEqual({ by: 'nut' });
    expect(await by('/v1/things/nut/weight?asOf=then')).toEqual({ by: 'Nest' });
    await weights.close();
  });

  it('binds only what it can answer, and Nest binds none of that', async () => {
    const door = directDoorOf(server.app.getHttpAdapter());
    expect(() => {
      door.add(routes.create, () => '');
    }).toThrow(/createThing/);
    expect(() => {
      door.add(defineRoute({ ...weigh, permission: 'public' }), () => '');
    }).toThrow(/weighThing/);
    @Controller()
    class WeighController {
      @Handle(weigh)
      weigh(): unknown {
        return {};
      }
    }
    await expect(startApp([WeighController])).rejects.toThrow(/direct door/);
  });
});
