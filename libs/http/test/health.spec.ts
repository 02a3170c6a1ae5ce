import { defineRoute } from '@myriad/contracts';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startTelemetry } from '@myriad/telemetry';
import { Controller } from '@nestjs/common';
import { z } from 'zod';
import { Ctx, Handle } from '../src/index.js';
import type { RequestContext } from '@myriad/kernel';
import { startApp, type TestApp } from './support.js';
import { ThingsController } from './things.js';

const slowRoute = defineRoute({
  operationId: 'slow',
  method: 'GET',
  path: '/slow',
  summary: 'Slow',
  permission: 'none',
  response: z.object({ traceparent: z.string().optional() }),
});
let release = (): void => undefined;
let started = (): void => undefined;

@Controller()
class SlowController {
  @Handle(slowRoute)
  async slow(@Ctx() ctx: RequestContext): Promise<{ traceparent?: string | undefined }> {
    started();
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return { traceparent: ctx.traceparent };
  }
}

describe('health, metrics and shutdown', () => {
  let server: TestApp | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });
  const get = (path: string): Promise<Response> => fetch(`${server!.url}${path}`);

  it('is alive without a token', async () => {
    server = await startApp([ThingsController]);
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok', service: 'test' });
  });

  it('is ready when every check holds, and says which does not', async () => {
    let isLogUp = false;
    server = await startApp([ThingsController], {
      readiness: [
        { name: 'database', check: () => Promise.resolve() },
        { name: 'log', check: () => isLogUp },
        { name: 'store', check: () => (isLogUp ? undefined : Promise.reject(new Error('no store'))) },
        { name: 'stuck', timeoutMs: 20, check: () => (isLogUp ? true : new Promise(() => undefined)) },
      ],
    });
    const response = await get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      status: 'not-ready',
      checks: {
        database: { ok: true },
        log: { ok: false, reason: 'it does not hold' },
        store: { ok: false, reason: 'no store' },
        stuck: { ok: false, reason: 'no answer within 20 ms' },
      },
    });
    isLogUp = true;
    expect((await get('/readyz')).status).toBe(200);
  });

  it('measures requests by the template of their route, never by a value', async () => {
    const telemetry = await startTelemetry({ service: 'test' });
    server = await startApp([ThingsController], { telemetry });
    await server.fetch('/v1/things/nut');
    await server.fetch('/v1/nothing');
    const text = await (await get('/metrics')).text();
    expect(text).toMatch(/myriad_http_request_duration_seconds_count\{[^}]*route="\/v1\/things\/:name"[^}]*\} 1/);
    expect(text).toMatch(/myriad_http_request_duration_seconds_count\{[^}]*route="none"[^}]*\} 1/);
    expect(text).toContain('myriad_http_requests_in_flight');
    expect(text).not.toContain('nut');
    await telemetry.shutdown();
  });

  it('lets requests in flight end when it closes, and takes no new ones', async () => {
    server = await startApp([SlowController]);
    const isStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    const answer = server.fetch('/slow');
    await isStarted;
    const closed = server.close();
    await expect(untilRefused(server)).resolves.toBe('refused');
    release();
    const response = await answer;
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
    await closed;
  });

  it('does not wait for a connection that was opened ahead and never used', async () => {
    server = await startApp([SlowController]);
    const isAccepted = new Promise((resolve) => server?.app.getHttpServer().once('connection', resolve));
    const socket = connect(server.port, '127.0.0.1');
    const isClosed = new Promise((resolve) => socket.once('close', resolve));
    await isAccepted;
    const from = performance.now();
    await server.close();
    await isClosed;
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  it('cuts what does not end in time', async () => {
    server = await startApp([SlowController], { limits: { drainMs: 50 } });
    const isStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    const answer = server.fetch('/slow');
    await isStarted;
    await server.close();
    await expect(answer).rejects.toThrow();
  });

  it('hands the trace of the caller to the use case', async () => {
    server = await startApp([SlowController]);
    const isStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = server.fetch('/slow', { headers: { traceparent } });
    await isStarted;
    release();
    expect(((await (await answer).json()) as { traceparent: string }).traceparent.slice(0, 36)).toBe(
      traceparent.slice(0, 36),
    );
  });
});

/** Asks until nobody listens any more. */
async function untilRefused(server: TestApp): Promise<'refused'> {
  for (;;) {
    try {
      await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } });
    } catch {
      return 'refused';
    }
  }
}
