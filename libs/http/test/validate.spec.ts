import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { problemIn, startApp, type ProblemBody, type TestApp } from './support.js';
import { ThingsController } from './things.js';

describe('validation', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp([ThingsController]);
  });
  afterAll(() => server.close());
  const post = async (body: string): Promise<ProblemBody> =>
    problemIn(await server.fetch('/v1/things', { method: 'POST', body }));
  const get = async (path: string): Promise<ProblemBody> => problemIn(await server.fetch(path));

  it('lists every fault with its pointer, what was sent and what is allowed', async () => {
    const problem = await post(
      '{"name":"far too long","size":"3","parts":[{"weight":1},{"weight":null,"wieght":2}],"a/b":1}',
    );
    expect(problem).toMatchObject({ status: 400, code: 'http.validation_failed' });
    expect(problem.errors).toEqual([
      { pointer: '/name', detail: 'sent the string "far too long"; allowed is at most 5 characters' },
      { pointer: '/size', detail: 'sent the string "3"; allowed is a number' },
      { pointer: '/parts/1/weight', detail: 'sent null; allowed is a number' },
      { pointer: '/parts/1/wieght', detail: "'wieght' is not allowed here" },
      { pointer: '/a~1b', detail: "'a/b' is not allowed here" },
    ]);
  });

  it('tells a fraction from an integer', async () => {
    const { errors } = await post('{"name":"nut","size":1.5}');
    expect(errors).toEqual([{ pointer: '/size', detail: 'sent the number 1.5; allowed is an integer' }]);
  });

  it('says that a member is missing', async () => {
    expect((await post('{}')).errors).toEqual([{ pointer: '/name', detail: 'sent nothing; allowed is a string' }]);
  });

  it.each([
    ['an array', '[]', 'sent an array of 0; allowed is an object'],
    ['null', 'null', 'sent null; allowed is an object'],
    ['a string', '"x"', 'sent the string "x"; allowed is an object'],
  ])('refuses a body that is %s', async (_, body, detail) => {
    expect((await post(body)).errors).toEqual([{ pointer: '', detail }]);
  });

  it('takes an absent body for one without members', async () => {
    const problem = await problemIn(await server.fetch('/v1/things', { method: 'POST' }));
    expect(problem.errors).toEqual([{ pointer: '/name', detail: 'sent nothing; allowed is a string' }]);
  });

  it('never repeats a long value', async () => {
    const { errors } = await post(JSON.stringify({ name: 'x'.repeat(5000) }));
    expect(errors?.[0]?.detail.length).toBeLessThan(150);
  });

  it('points at query and path parameters, and refuses those it does not know', async () => {
    expect((await get('/v1/things?pageSize=0&kind=huge&kidn=big')).errors).toEqual([
      { pointer: '#query/pageSize', detail: 'sent the string "0"; allowed is at least 1' },
      { pointer: '#query/kind', detail: 'sent the string "huge"; allowed is "big" or "small"' },
      { pointer: '#query/kidn', detail: "'kidn' is not allowed here" },
    ]);
    expect((await get('/v1/things/NUT?tenant=bb')).errors).toEqual([
      { pointer: '#path/name', detail: 'sent the string "NUT"; allowed is a text of the form /^[a-z]+$/' },
      { pointer: '#query/tenant', detail: "'tenant' is not allowed here" },
    ]);
  });

  it('refuses a query parameter that was sent twice', async () => {
    const { errors } = await get('/v1/things?kind=big&kind=small');
    expect(errors?.map((fault) => fault.pointer)).toEqual(['#query/kind']);
  });

  it('refuses a body where the operation takes none', async () => {
    const problem = await problemIn(await server.fetch('/v1/things/nut', { method: 'DELETE', body: '{"force":true}' }));
    expect(problem.errors).toEqual([{ pointer: '/force', detail: "'force' is not allowed here" }]);
  });
});
