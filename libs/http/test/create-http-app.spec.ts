import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { problemIn, startApp, type TestApp } from './support.js';
import { ThingsController } from './things.js';

describe('createHttpApp', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp([ThingsController]);
  });
  afterAll(() => server.close());

  it('answers a route with the status of its contract and the parsed input', async () => {
    const response = await server.fetch('/v1/things', { method: 'POST', body: '{"name":"nut","size":3}' });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ name: 'nut', size: 3, tenantId: 'aa' });
  });

  it('gives query parameters their defaults and types', async () => {
    expect(await (await server.fetch('/v1/things')).json()).toEqual({
      items: [{ name: 'any', size: 50, tenantId: 'aa' }],
    });
    expect(await (await server.fetch('/v1/things?pageSize=7&kind=big')).json()).toEqual({
      items: [{ name: 'big', size: 7, tenantId: 'aa' }],
    });
  });

  it('answers 204 without a body', async () => {
    const response = await server.fetch('/v1/things/nut', { method: 'DELETE' });
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
  });

  it('keeps a sound x-request-id and replaces another', async () => {
    const kept = await server.fetch('/v1/things', { headers: { 'x-request-id': 'abc-1' } });
    expect(kept.headers.get('x-request-id')).toBe('abc-1');
    const made = await server.fetch('/v1/things', { headers: { 'x-request-id': 'a b' } });
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('says 404 for a path without an operation', async () => {
    const problem = await problemIn(await server.fetch('/v1/nothing'));
    expect(problem).toMatchObject({ status: 404, code: 'http.route_not_found' });
  });

  it('answers a problem with its status, code and request id', async () => {
    const response = await server.fetch('/v1/things/missing', { headers: { 'x-request-id': 'abc-2' } });
    expect(response.status).toBe(404);
    expect(await problemIn(response)).toEqual({
      type: 'urn:myriad:problem:test.thing_not_found',
      title: 'Not Found',
      status: 404,
      detail: "no thing 'missing'",
      code: 'test.thing_not_found',
      requestId: 'abc-2',
    });
  });

  it('rounds Retry-After up', async () => {
    const response = await server.fetch('/v1/things/busy');
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '2']);
  });

  it('tells nothing of an unknown error and logs it with the request id', async () => {
    const response = await server.fetch('/v1/things/broken', { headers: { 'x-request-id': 'abc-3' } });
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).not.toContain('secret');
    expect(JSON.parse(text)).toMatchObject({ code: 'http.internal', requestId: 'abc-3' });
    const logged = server.logger.lines.find((line) => line.level === 'error' && line.fields['requestId'] === 'abc-3');
    expect(logged?.fields['err']).toMatchObject({ message: 'secret inner words' });
  });

  it('refuses an answer that its contract does not know, when told to look', async () => {
    const problem = await problemIn(await server.fetch('/v1/things/contractless'));
    expect(problem.status).toBe(500);
  });

  it('streams a body of a streamed route', async () => {
    const body = Buffer.alloc(5_000_000, 'x');
    const response = await server.fetch('/v1/things/nut/content', {
      method: 'PUT',
      body,
      headers: { 'content-type': 'text/csv; charset=utf-8' },
    });
    expect(await response.json()).toEqual({ bytes: 5_000_000, mediaType: 'text/csv' });
  });

  it('writes one log line a request, with the template of the route', async () => {
    await server.fetch('/v1/things/nut', { headers: { 'x-request-id': 'abc-4' } });
    const lines = server.logger.lines.filter((line) => line.fields['requestId'] === 'abc-4');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields).toMatchObject({
      tenantId: 'aa',
      principalId: 'usr_1',
      route: '/v1/things/:name',
      status: 200,
    });
  });
});
