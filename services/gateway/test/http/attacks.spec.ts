import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { GatewayApp } from '../gateway-app.js';
import { sendRaw, statusesOf } from '../raw-socket.js';

const CRLF = '\r\n';
/** A request that must never be taken for one of its own. */
const SMUGGLED = `GET /v1/smuggled HTTP/1.1${CRLF}Host: x${CRLF}X-Myriad-Tenant: bb${CRLF}${CRLF}`;

describe('an attacker at the gateway', () => {
  let gateway: GatewayApp;
  let key: string;
  beforeAll(async () => {
    gateway = await GatewayApp.start({ bodyTimeoutMs: 400 });
    await gateway.tenant('aa');
    ({ key } = await gateway.principal('aa', [['tenant-admin', 'aa']]));
  });
  afterAll(() => gateway.close());
  beforeEach(() => {
    gateway.service.seen.length = 0;
  });

  const head = (start: string, ...headers: readonly string[]): string =>
    [start, 'Host: x', `Authorization: Bearer ${key}`, 'Content-Type: application/json', ...headers, '', ''].join(CRLF);
  const post = (...headers: readonly string[]): string => head('POST /v1/datasets HTTP/1.1', ...headers);

  describe('smuggles no request', () => {
    const chunked = `0${CRLF}${CRLF}`;
    it.each([
      ['both lengths', () => post('Content-Length: 5', 'Transfer-Encoding: chunked') + chunked + SMUGGLED],
      [
        'both lengths the other way',
        () => post('Transfer-Encoding: chunked', 'Content-Length: 5') + chunked + SMUGGLED,
      ],
      ['two lengths that differ', () => post('Content-Length: 2', 'Content-Length: 90') + `{}${SMUGGLED}`],
      ['a list of lengths', () => post('Content-Length: 2, 90') + `{}${SMUGGLED}`],
      ['a signed length', () => post('Content-Length: +2') + `{}${SMUGGLED}`],
      ['a length in hexadecimal', () => post('Content-Length: 0x2') + `{}${SMUGGLED}`],
      ['a negative length', () => post('Content-Length: -2') + `{}${SMUGGLED}`],
      ['a length beyond all numbers', () => post('Content-Length: 18446744073709551618') + `{}${SMUGGLED}`],
      ['two codings', () => post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + chunked + SMUGGLED],
      ['a coding that is none', () => post('Transfer-Encoding: xchunked', 'Content-Length: 2') + `{}${SMUGGLED}`],
      ['a coding after a tab', () => post('Transfer-Encoding:\tchunked', 'Content-Length: 2') + chunked + SMUGGLED],
      ['white space before the colon', () => post('Content-Length : 2', 'Content-Length: 90') + `{}${SMUGGLED}`],
      ['a folded header', () => post('X-A: 1', ' Transfer-Encoding: chunked') + chunked + SMUGGLED],
      ['a folded coding', () => post('Transfer-Encoding:', ' chunked', 'Content-Length: 2') + chunked + SMUGGLED],
      [
        'a chunk size that is none',
        () => post('Transfer-Encoding: chunked') + `2 x${CRLF}{}${CRLF}0${CRLF}${CRLF}${SMUGGLED}`,
      ],
      [
        'a chunk size beyond all numbers',
        () => post('Transfer-Encoding: chunked') + `ffffffffffffffff2${CRLF}{}${CRLF}${chunked}${SMUGGLED}`,
      ],
      [
        'a chunk that ends with a bare LF',
        () => post('Transfer-Encoding: chunked') + `2${CRLF}{}\n0${CRLF}${CRLF}${SMUGGLED}`,
      ],
      [
        'a chunk extension with a bare LF',
        () => post('Transfer-Encoding: chunked') + `2;a\nb${CRLF}{}${CRLF}${chunked}${SMUGGLED}`,
      ],
      [
        'a chunk longer than it says',
        () => post('Transfer-Encoding: chunked') + `2${CRLF}{}xx${CRLF}${chunked}${SMUGGLED}`,
      ],
      ['a bare LF in the head', () => `${head('GET /v1/models HTTP/1.1').trimEnd()}\nX-A: 1\n\n${SMUGGLED}`],
      ['a bare CR in a header', () => post('X-A: 1\rContent-Length: 90') + SMUGGLED],
      ['a NUL in a header', () => post('X-A: \0', 'Content-Length: 0')],
      ['a line of another protocol', () => `PRI * HTTP/2.0${CRLF}${CRLF}SM${CRLF}${CRLF}`],
      [
        'a length in HTTP/1.0 beside a coding',
        () => post('Transfer-Encoding: chunked').replace('1.1', '1.0') + chunked + SMUGGLED,
      ],
      ['no host', () => `GET /v1/models HTTP/1.1${CRLF}Authorization: Bearer ${key}${CRLF}${CRLF}`],
    ])('by %s', async (_name, bytes) => {
      const statuses = statusesOf(await sendRaw(gateway.url, bytes()));
      const paths = gateway.service.seen.map(({ url }) => url);
      expect(paths.filter((path) => path.includes('smuggled'))).toEqual([]);
      expect(gateway.service.seen.filter(({ headers }) => headers['x-myriad-tenant'] !== undefined)).toEqual([]);
      expect(statuses.filter((status) => status < 400).length).toBeLessThanOrEqual(gateway.service.seen.length);
      expect([...new Set(statuses.filter((status) => status >= 400))]).toEqual([400]);
    });

    it('by chunks with extensions and trailers: the service gets the body alone', async () => {
      const trailers = `X-Myriad-Tenant: bb${CRLF}Authorization: Bearer y${CRLF}`;
      const body = `2;a=b${CRLF}{}${CRLF}0${CRLF}${trailers}${CRLF}`;
      expect(statusesOf(await sendRaw(gateway.url, post('Transfer-Encoding: chunked') + body))).toEqual([200]);
      const [seen] = gateway.service.seen;
      expect(seen?.body).toBe('{}');
      expect(seen?.headers['x-myriad-tenant']).toBeUndefined();
      expect(seen?.headers.authorization).not.toContain('Bearer y');
    });

    it('by what follows a refused body on the same connection', async () => {
      const text = await sendRaw(gateway.url, post('Content-Length: 2000000') + SMUGGLED);
      expect(statusesOf(text)).toEqual([413]);
      expect(gateway.service.seen).toEqual([]);
    });
  });

  describe('is not believed when it says', () => {
    it.each([
      ['x-myriad-tenant-id', 'bb'],
      ['x-myriad-principal', 'usr_admin'],
      ['x-myriad-internal', 'true'],
      ['x-forwarded-for', '127.0.0.1'],
      ['x-forwarded-host', 'evil'],
      ['x-forwarded-proto', 'https'],
      ['forwarded', 'for=127.0.0.1'],
      ['x-real-ip', '127.0.0.1'],
      ['x-original-url', '/v1/keys'],
      ['x-rewrite-url', '/v1/keys'],
      ['cookie', 'session=1'],
      ['proxy-authorization', 'Basic x'],
      ['te', 'trailers'],
      ['via', '1.1 evil'],
    ])('%s', async (name, value) => {
      await gateway.send('GET', '/v1/models', { key, headers: { [name]: value } });
      const [seen] = gateway.service.seen;
      expect(seen?.rawHeaders.map((text) => text.toLowerCase())).not.toContain(name);
      expect((await gateway.lastCaller()).tenantId).toBe('aa');
    });

    it('that headers of the platform are of this connection only', async () => {
      const headers = { connection: 'close, authorization, x-request-id, traceparent, content-type' };
      await gateway.send('GET', '/v1/models', { key, headers });
      expect((await gateway.lastCaller()).tenantId).toBe('aa');
      expect(gateway.service.seen[0]?.headers['x-request-id']).toMatch(/^[\w-]+$/);
    });

    it('an internal token of its own', async () => {
      await gateway.send('GET', '/v1/models', { key });
      const token = gateway.service.seen[0]?.headers.authorization?.replace('Bearer ', '') ?? '';
      expect((await gateway.send('GET', '/v1/models', { key: token })).status).toBe(401);
      expect((await gateway.send('GET', '/v1/models', { key, headers: { 'x-api-key': token } })).status).toBe(401);
    });
  });

  describe('reaches no other path', () => {
    it.each([
      '/v1/../v1/keys',
      '/v1/datasets/../../keys',
      '/v1/datasets/%2e%2e/keys',
      '/v1/datasets/%2E%2E%2Fkeys',
      '/v1/datasets/..%2fkeys',
      '/v1/datasets/%252e%252e%252fkeys',
      '/v1/datasets/..%5ckeys',
      '/v1/datasets\\..\\keys',
      '/v1/datasets/%c0%ae%c0%ae/keys',
      '/v1/datasets/%u002e%u002e/keys',
      '/v1/datasets/x%00',
      '/v1/datasets/x%0d%0aX-Myriad-Tenant:%20bb',
      '/v1/datasets//keys',
      '//v1/datasets',
      '/v1/datasets/x;/../keys',
      'http://evil/v1/datasets',
      '*',
    ])('by %s', async (path) => {
      const text = await sendRaw(gateway.url, head(`GET ${path} HTTP/1.1`, 'Connection: close'));
      const [status = 0] = statusesOf(text);
      expect([400, 404]).toContain(status);
      expect(text).toContain('application/problem+json');
      expect(gateway.service.seen.every(({ url }) => url === path)).toBe(true);
    });
  });

  describe('is told plainly', () => {
    const problemOf = (text: string): unknown => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
    it.each([
      [
        'headers that are too long',
        () => head('GET /v1/models HTTP/1.1', `X-A: ${'a'.repeat(20_000)}`),
        431,
        'gateway.headers_too_large',
      ],
      [
        'a path that is too long',
        () => head(`GET /v1/models/${'a'.repeat(20_000)} HTTP/1.1`),
        431,
        'gateway.headers_too_large',
      ],
      [
        'too many headers',
        () => head('GET /v1/models HTTP/1.1', ...Array.from({ length: 3_000 }, (_, i) => `X-${i}: a`)),
        431,
        'gateway.headers_too_large',
      ],
      ['what is no HTTP', () => 'EHLO evil\r\n\r\n', 400, 'gateway.malformed_request'],
    ])('%s', async (_name, bytes, status, code) => {
      const text = await sendRaw(gateway.url, bytes());
      expect(statusesOf(text)).toEqual([status]);
      expect(problemOf(text)).toMatchObject({ status, code, type: `urn:myriad:problem:${code}` });
      expect(gateway.service.seen).toEqual([]);
    });

    it('a query of ten thousand parameters is passed on or refused, at once', async () => {
      const query = Array.from({ length: 5_000 }, (_, i) => `${i % 10}=`).join('&');
      const fromMs = performance.now();
      const { status } = await gateway.send('GET', `/v1/models?${query.slice(0, 14_000)}`, { key });
      expect([200, 400, 431]).toContain(status);
      expect(performance.now() - fromMs).toBeLessThan(2_000);
    });
  });

  it('a body that is packed is passed on as it is: nothing unpacks it here', async () => {
    const body = gzipSync(Buffer.alloc(10_000_000));
    const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
    const answer = await gateway.send('POST', '/v1/datasets', { key, headers, body });
    expect(answer.status).toBe(200);
    expect(gateway.service.seen[0]?.headers['content-encoding']).toBe('gzip');
    expect(answer.text).toContain('"received"');
  });

  it('holds nobody up with connections that say nothing, or say it letter by letter', async () => {
    const { hostname, port } = new URL(gateway.url);
    const sockets = await Promise.all(
      Array.from(
        { length: 300 },
        (_, i) =>
          new Promise<Socket>((resolve, reject) => {
            const socket = connect(Number(port), hostname, () => {
              if (i % 3 === 1) socket.write('GET /v1/models HTTP/1.1\r\nX-A');
              if (i % 3 === 2) socket.write(`${post('Content-Length: 100')}{`);
              resolve(socket);
            });
            socket.on('error', reject);
          }),
      ),
    );
    try {
      const fromMs = performance.now();
      const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.send('GET', '/v1/models', { key })));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      expect(performance.now() - fromMs).toBeLessThan(9_000);
      // a body that comes by the letter is given up
      const slow = sockets[2]!;
      const closed = new Promise<string>((resolve) => {
        let text = '';
        slow.on('data', (chunk: Buffer) => (text += chunk.toString()));
        slow.on('close', () => {
          resolve(text);
        });
      });
      const trickle = setInterval(() => slow.write(' '), 50);
      expect(statusesOf(await closed)).toEqual([408]);
      clearInterval(trickle);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});
