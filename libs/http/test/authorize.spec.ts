import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { generateInternalKeys, internalSigner, mintInternalToken } from '../src/index.js';
import { claims, problemIn, startApp, type TestApp } from './support.js';
import { ThingsController } from './things.js';

describe('authorization', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp([ThingsController]);
  });
  afterAll(() => server.close());

  it('refuses a request without a token', async () => {
    const response = await server.fetch('/v1/things', { token: '' });
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await problemIn(response)).toMatchObject({ status: 401, code: 'http.token_missing' });
  });

  it.each([
    ['no token at all', 'abc'],
    ['an unsigned one', `${btoa('{"alg":"none"}')}.${btoa('{"sub":"usr_1"}')}.`],
  ])('refuses %s', async (_, token) => {
    expect(await problemIn(await server.fetch('/v1/things', { token }))).toMatchObject({
      status: 401,
      code: 'http.token_invalid',
    });
  });

  it('refuses a token of another key, even under the same key id', async () => {
    const other = await internalSigner((await generateInternalKeys('k1')).privateJwk);
    const token = await mintInternalToken(other, claims);
    expect((await problemIn(await server.fetch('/v1/things', { token }))).code).toBe('http.token_invalid');
  });

  it('says which permission is missing', async () => {
    const token = await server.token({ perms: ['things:read'] });
    const problem = await problemIn(await server.fetch('/v1/things', { method: 'POST', body: '{}', token }));
    expect(problem).toMatchObject({ status: 403, code: 'http.permission_missing' });
    expect(problem.detail).toContain("'things:write'");
  });

  it('lets any caller use a route without a permission, and everyone a public one', async () => {
    const token = await server.token({ perms: [] });
    expect((await server.fetch('/v1/things/nut', { token })).status).toBe(200);
    expect((await server.fetch('/.well-known/thing', { token: '' })).status).toBe(200);
  });

  it('keeps platform routes to the platform tenant', async () => {
    expect(await problemIn(await server.fetch('/v1/platform-things'))).toMatchObject({
      status: 403,
      code: 'http.platform_scope_required',
    });
    const token = await server.token({ tid: 'platform', htid: 'platform' });
    expect((await server.fetch('/v1/platform-things', { token })).status).toBe(200);
  });

  it('acts in the tenant of the token, not of any header', async () => {
    const token = await server.token({ tid: 'bb' });
    const response = await server.fetch('/v1/things/nut', { token, headers: { 'x-myriad-tenant': 'cc' } });
    expect(await response.json()).toMatchObject({ tenantId: 'bb' });
  });

  it('refuses before it reads the body', async () => {
    const body = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(Buffer.alloc(65_536));
      },
    });
    const init = { method: 'PUT', body, duplex: 'half', token: '', headers: { 'content-type': 'text/csv' } } as const;
    const answer = server.fetch('/v1/things/nut/content', init);
    // The body never ends, so an answer shows that nobody waited for it; undici may report the cut connection instead.
    const status = await answer.then((response) => response.status).catch(() => 401);
    expect(status).toBe(401);
  });

  it('fails the start when a handler is bound past its contract', async () => {
    @Controller()
    class Stray {
      @Get('/stray')
      stray(): string {
        return 'x';
      }
    }
    await expect(startApp([Stray])).rejects.toThrow('GET /stray is not bound by @Handle(route)');
  });
});
