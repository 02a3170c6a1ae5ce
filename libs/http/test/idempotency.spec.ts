import { defineRoute, type RouteBody as BodyOf } from '@myriad/contracts';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Once, ProblemError, type RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { z } from 'zod';
import { Handle, RouteBody, type IdempotencyClaim, type IdempotencyPort } from '../src/index.js';
import { problemIn, startApp, type TestApp } from './support.js';

/** The port's promises over a map. */
class MemoryIdempotency implements IdempotencyPort {
  readonly entries = new Map<string, { fingerprint: string; answer?: { status: number; body: string } }>();

  begin(ctx: RequestContext, key: string, fingerprint: string): Promise<IdempotencyClaim> {
    const id = `${ctx.tenantId}/${key}`;
    const found = this.entries.get(id);
    if (found === undefined) {
      this.entries.set(id, { fingerprint });
      return Promise.resolve({ state: 'started', once: new Once(id, false) });
    }
    if (found.fingerprint !== fingerprint) return Promise.resolve({ state: 'mismatch' });
    return Promise.resolve(
      found.answer === undefined ? { state: 'in-progress' } : { state: 'completed', ...found.answer },
    );
  }

  complete(ctx: RequestContext, key: string, answer: { status: number; body: string }): Promise<void> {
    const entry = this.entries.get(`${ctx.tenantId}/${key}`);
    if (entry !== undefined) entry.answer = answer;
    return Promise.resolve();
  }

  abandon(ctx: RequestContext, key: string): Promise<void> {
    this.entries.delete(`${ctx.tenantId}/${key}`);
    return Promise.resolve();
  }
}

const makeRoute = (operationId: string, path: string, secretResponse: boolean) =>
  defineRoute({
    operationId,
    method: 'POST',
    path,
    summary: 'Count',
    permission: 'none',
    body: z.strictObject({ step: z.int(), isFailing: z.boolean().optional() }),
    response: z.object({ count: z.int() }),
    status: 201,
    secretResponse,
  });
const counterRoute = makeRoute('count', '/v1/count', false);
const secretRoute = makeRoute('countSecretly', '/v1/secret-count', true);

let count = 0;
let hold: Promise<void> = Promise.resolve();

@Controller()
class CountController {
  @Handle(counterRoute)
  async count(@RouteBody() body: BodyOf<typeof counterRoute>): Promise<{ count: number }> {
    count += body.step;
    await hold;
    if (body.isFailing === true) throw new ProblemError({ kind: 'conflict', code: 'test.failing', detail: 'no' });
    return { count };
  }

  @Handle(secretRoute)
  secret(@RouteBody() body: BodyOf<typeof secretRoute>): { count: number } {
    count += body.step;
    return { count };
  }
}

describe('Idempotency-Key', () => {
  let server: TestApp;
  const port = new MemoryIdempotency();
  beforeEach(async () => {
    count = 0;
    hold = Promise.resolve();
    port.entries.clear();
    server = await startApp([CountController], { idempotency: port });
  });
  afterEach(() => server.close());
  const post = async (key: string | undefined, body: object, path = '/v1/count', token?: string): Promise<Response> =>
    server.fetch(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
      ...(token === undefined ? {} : { token }),
    });

  it('does the work once and gives the same answer again', async () => {
    const first = await post('k1', { step: 2 });
    const again = await post('k1', { step: 2 });
    expect([first.status, await first.json(), first.headers.get('idempotency-replayed')]).toEqual([
      201,
      { count: 2 },
      null,
    ]);
    expect([again.status, await again.json(), again.headers.get('idempotency-replayed')]).toEqual([
      201,
      { count: 2 },
      'true',
    ]);
    expect(count).toBe(2);
  });

  it('works without the header, and keeps tenants and principals apart', async () => {
    await post(undefined, { step: 1 });
    await post(undefined, { step: 1 });
    await post('k1', { step: 1 });
    await post('k1', { step: 1 }, '/v1/count', await server.token({ tid: 'bb' }));
    await post('k1', { step: 1 }, '/v1/count', await server.token({ sub: 'usr_2' }));
    expect(count).toBe(5);
  });

  it('refuses a key that stands for another request', async () => {
    await post('k1', { step: 2 });
    expect(await problemIn(await post('k1', { step: 3 }))).toMatchObject({
      status: 409,
      code: 'http.idempotency_key_reused',
    });
  });

  it('refuses a second request while the first is worked on', async () => {
    let release = (): void => undefined;
    hold = new Promise((resolve) => {
      release = resolve;
    });
    const first = post('k1', { step: 2 });
    while (count === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = await post('k1', { step: 2 });
    expect(second.headers.get('retry-after')).toBe('1');
    expect((await problemIn(second)).code).toBe('http.idempotency_in_progress');
    release();
    expect((await first).status).toBe(201);
    expect(count).toBe(2);
  });

  it('gives the key free when the request failed', async () => {
    expect((await post('k1', { step: 1, isFailing: true })).status).toBe(409);
    expect(port.entries.size).toBe(0);
    expect((await post('k1', { step: 1 })).status).toBe(201);
  });

  it('claims no key for a request that is not valid', async () => {
    expect((await post('k1', { step: 'x' })).status).toBe(400);
    expect(port.entries.size).toBe(0);
  });

  it('keeps no secret answer', async () => {
    await post('k1', { step: 1 }, '/v1/secret-count');
    expect([...port.entries.values()].map((entry) => entry.answer)).toEqual([{ status: 201, body: '' }]);
    expect((await problemIn(await post('k1', { step: 1 }, '/v1/secret-count'))).code).toBe(
      'http.idempotency_answer_withheld',
    );
    expect(count).toBe(1);
  });

  it('refuses a key of a form it does not take', async () => {
    expect(await problemIn(await post('x'.repeat(129), { step: 1 }))).toMatchObject({
      status: 400,
      code: 'http.idempotency_key_invalid',
    });
  });
});
