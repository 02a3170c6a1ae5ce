import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MAX_JSON_DEPTH } from '../src/index.js';
import { problemIn, startApp, type ProblemBody, type TestApp } from './support.js';
import { ThingsController } from './things.js';

/** Sends text as it is and collects what comes back until the server closes. */
function raw(port: number, text: string, isEnding = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => (isEnding ? socket.end(text) : socket.write(text)));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => {
      resolve(answer);
    });
    socket.on('error', reject);
  });
}

describe('bodies and broken requests', () => {
  let server: TestApp;
  let token: string;
  beforeAll(async () => {
    server = await startApp([ThingsController], {
      limits: { maxBodyBytes: 10_000, bodyTimeoutMs: 250, streamPauseMs: 250, headersTimeoutMs: 400 },
    });
    token = await server.token();
  });
  afterAll(() => server.close());
  const post = async (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<ProblemBody> =>
    problemIn(
      await server.fetch('/v1/things', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
      }),
    );
  const head = (line: string, more = ''): string =>
    `${line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n${more}\r\n`;

  it('refuses what is not JSON and says where it breaks', async () => {
    expect(await post('{"name":"nut",}')).toMatchObject({ status: 400, code: 'http.malformed_json' });
    expect(await post('')).toMatchObject({ status: 400, code: 'http.validation_failed' });
  });

  it('refuses JSON that is not UTF-8', async () => {
    const problem = await post(new Uint8Array(Buffer.from('{"name":"\xe4"}', 'latin1')));
    expect(problem).toMatchObject({ status: 400, code: 'http.malformed_json' });
  });

  it('refuses deep nesting before it could hurt, and does not count brackets in strings', async () => {
    expect(await post('['.repeat(5_000))).toMatchObject({ status: 400, code: 'http.json_too_deep' });
    expect(await post('{"a":'.repeat(MAX_JSON_DEPTH + 1))).toMatchObject({ code: 'http.json_too_deep' });
    const quoted = JSON.stringify({ name: 'nut', ['['.repeat(100) + '\\"']: 1 });
    expect(await post(quoted)).toMatchObject({ code: 'http.validation_failed' });
  });

  it.each([
    ['__proto__', '{"name":"nut","parts":[{"__proto__":{"isAdmin":true}}]}', '/parts/0/__proto__'],
    ['escaped __proto__', '{"\\u005f_proto__":1}', '/__proto__'],
    ['constructor.prototype', '{"constructor":{"prototype":{"x":1}}}', '/constructor'],
  ])('refuses a member named %s', async (_, body, pointer) => {
    const problem = await post(body);
    expect(problem).toMatchObject({ status: 400, code: 'http.unsafe_member' });
    expect(problem.errors?.[0]?.pointer).toBe(pointer);
  });

  it('refuses another media type and a compressed body', async () => {
    expect(await post('<a/>', { 'content-type': 'text/xml' })).toMatchObject({
      status: 415,
      code: 'http.unsupported_media_type',
      detail: "sent 'text/xml'; allowed is application/json",
    });
    expect(await post('{}', { 'content-encoding': 'gzip' })).toMatchObject({ status: 415 });
    const csv = await server.fetch('/v1/things/nut/content', { method: 'PUT', body: '{}' });
    expect((await problemIn(csv)).detail).toContain('text/csv or application/octet-stream');
  });

  it('takes a body without a media type for JSON', async () => {
    const body = '{"name":"nut"}';
    const text = await raw(
      server.port,
      head('POST /v1/things', `connection: close\r\ncontent-length: ${body.length}\r\n`) + body,
    );
    expect(text).toContain('HTTP/1.1 201');
  });

  it('refuses a body over the limit by its declared length, and one that only turns out too long', async () => {
    const big = JSON.stringify({ name: 'x'.repeat(20_000) });
    expect(await post(big)).toMatchObject({ status: 413, code: 'http.body_too_large' });
    const chunked = await raw(
      server.port,
      head('POST /v1/things', 'content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n') +
        `${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`,
    );
    expect(chunked).toContain('HTTP/1.1 413');
  });

  it('refuses a streamed body over the limit of its route', async () => {
    const body = Buffer.alloc(9 * 1024 * 1024);
    const response = await server.fetch('/v1/things/nut/content', {
      method: 'PUT',
      body,
      headers: { 'content-type': 'text/csv' },
    });
    expect(await problemIn(response)).toMatchObject({ status: 413 });
  });

  it('answers 408 to a body that does not come, and closes', async () => {
    const text = await raw(
      server.port,
      head('POST /v1/things', 'content-type: application/json\r\ncontent-length: 100\r\n') + '{"name"',
    );
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('"code":"http.slow_request"');
    expect(text.toLowerCase()).toContain('connection: close');
  });

  it('answers 408 to a streamed body that pauses', async () => {
    const text = await raw(
      server.port,
      head('PUT /v1/things/nut/content', 'content-type: text/csv\r\ncontent-length: 100\r\n') + 'a,b',
    );
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('reads a streamed body away that its handler did not want, and keeps the connection for the next request', async () => {
    const bytes = 4 * 1024 * 1024;
    const text = await raw(
      server.port,
      head('PUT /v1/things/missing/content', `content-type: text/csv\r\ncontent-length: ${bytes}\r\n`) +
        'x'.repeat(bytes) +
        head('GET /v1/things/nut', 'connection: close\r\n'),
    );
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 200']);
  });

  it('answers 408 to headers that do not come', async () => {
    const text = await raw(server.port, 'GET /v1/things HTTP/1.1\r\nhost: x\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('application/problem+json');
  });

  it('answers 400 to what is not HTTP and 431 to endless headers', async () => {
    expect(await raw(server.port, 'hello\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 .*\r\ncontent-type: application\/problem\+json/,
    );
    expect(await raw(server.port, head('GET /v1/things', `x: ${'y'.repeat(20_000)}\r\n`))).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('answers 400 to a path that does not decode', async () => {
    expect(await problemIn(await server.fetch('/v1/things/%c3%28'))).toMatchObject({
      status: 400,
      code: 'http.malformed_request',
    });
  });

  it('goes on after all that', async () => {
    expect((await server.fetch('/v1/things/nut')).status).toBe(200);
  });
});
