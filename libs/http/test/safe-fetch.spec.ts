import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Networks, assertPublicUrl, isPublicAddress, safeFetch } from '../src/index.js';

describe('isPublicAddress', () => {
  it.each(['1.1.1.1', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    'takes %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1'],
    ...['172.31.255.255', '192.0.0.192', '192.168.1.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '240.0.0.1'],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:a9fe:a9fe',
      '::127.0.0.1',
      '64:ff9b::a9fe:a9fe',
      'fe80::1',
      'fe80::1%eth0',
    ],
    ...['fc00::1', 'fd00:ec2::254', 'ff02::1', '2002:7f00:1::', '2001::1', '2001:db8::1', 'not an address', ''],
  ])('refuses %j', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('assertPublicUrl', () => {
  const resolve = (hostname: string): Promise<readonly string[]> =>
    hostname === 'good.example' ? Promise.resolve(['93.184.216.34']) : Promise.reject(new Error('ENOTFOUND'));

  it('takes a public URL and says what to connect to', async () => {
    const { url, addresses } = await assertPublicUrl('https://good.example/hook', { resolve });
    expect([url.href, addresses]).toEqual(['https://good.example/hook', ['93.184.216.34']]);
  });

  it.each([
    'http://good.example/',
    'ftp://good.example/',
    'file:///etc/passwd',
    'gopher://good.example/',
    'https://user:pw@good.example/',
    'https://bad.example/',
    'https://localhost/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://１２７.0.0.1/',
    'https://10.0.0.1:443/',
    'not a url',
    '//good.example/',
  ])('refuses %s', async (url) => {
    await expect(assertPublicUrl(url, { resolve })).rejects.toMatchObject({ code: 'http.url_refused' });
  });

  it('refuses a name of which one address is private', async () => {
    const mixed = () => Promise.resolve(['93.184.216.34', '10.0.0.1']);
    await expect(assertPublicUrl('https://x.example/', { resolve: mixed })).rejects.toMatchObject({
      code: 'http.url_refused',
    });
  });
});

describe('safeFetch', () => {
  let server: Server;
  let port: number;
  const seen: IncomingMessage[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request);
      const to = new URL(request.url ?? '/', 'http://x').searchParams.get('to');
      if (to === null) response.end('here');
      else response.writeHead(Number(request.headers['x-status'] ?? 302), { location: to }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    seen.length = 0;
  });

  const allow = new Networks(['127.0.0.1/32']);
  const resolve = (hostname: string): Promise<readonly string[]> =>
    Promise.resolve([hostname.startsWith('inside') ? '127.0.0.2' : '127.0.0.1']);
  const options = { allow, resolve, protocols: ['http:', 'https:'] as const };
  const at = (host: string, to?: string): string =>
    `http://${host}:${port}/${to === undefined ? '' : `?to=${encodeURIComponent(to)}`}`;

  it('reaches what is allowed, by its own name', async () => {
    const response = await safeFetch(at('hooks.example'), {}, options);
    expect([response.status, await response.text()]).toEqual([200, 'here']);
    expect(seen[0]?.headers.host).toBe(`hooks.example:${port}`);
  });

  it('connects to the address that it checked, though the name leads elsewhere by then', async () => {
    const answers = [['127.0.0.1'], ['127.0.0.2']];
    let asked = 0;
    const rebinding = (): Promise<readonly string[]> => Promise.resolve(answers[Math.min(asked++, 1)]!);
    const response = await safeFetch(at('rebind.example'), {}, { ...options, resolve: rebinding });
    expect([await response.text(), asked]).toEqual(['here', 1]);
    await expect(safeFetch(at('rebind.example'), {}, { ...options, resolve: rebinding })).rejects.toMatchObject({
      code: 'http.url_refused',
    });
  });

  it('follows a redirect, and takes no credentials to another origin', async () => {
    const headers = { authorization: 'Bearer secret', cookie: 'a=1', 'x-kept': 'yes' };
    await (await safeFetch(at('a.example', at('a.example')), { headers }, options)).text();
    await (await safeFetch(at('a.example', at('b.example')), { headers }, options)).text();
    const told = seen.map((request) => [
      request.headers.authorization,
      request.headers.cookie,
      request.headers['x-kept'],
    ]);
    const whole = ['Bearer secret', 'a=1', 'yes'];
    expect(told).toEqual([whole, whole, whole, [undefined, undefined, 'yes']]);
  });

  it('turns a POST into a GET where a browser would', async () => {
    const init = { method: 'POST', body: 'x', headers: { 'x-status': '303' } };
    await (await safeFetch(at('a.example', at('a.example')), init, options)).text();
    await (
      await safeFetch(at('a.example', at('a.example')), { ...init, headers: { 'x-status': '307' } }, options)
    ).text();
    expect(seen.map(({ method }) => method)).toEqual(['POST', 'GET', 'POST', 'POST']);
  });

  it.each([
    'http://169.254.169.254/latest',
    'http://inside.example/',
    'http://[::1]/',
    'file:///etc/passwd',
    'ftp://a.example/',
  ])('follows no redirect to %s', async (to) => {
    await expect(safeFetch(at('a.example', to), {}, options)).rejects.toMatchObject({ code: 'http.url_refused' });
    expect(seen).toHaveLength(1);
  });

  it('gives up when it is sent round in circles', async () => {
    const circle = '/?to=%2F%3Fto%3Dx';
    await expect(safeFetch(at('a.example', circle), {}, { ...options, maxRedirects: 1 })).rejects.toMatchObject({
      code: 'http.url_refused',
    });
    expect(seen).toHaveLength(2);
  });
});
