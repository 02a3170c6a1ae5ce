import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openControlDoor } from '../../src/control/control-door.js';
import type { Mesh } from '../../src/control/mesh.port.js';
import type { ReplicaSpec, ReplicaStatus } from '../../src/mesh/replica.js';
import { freePort } from '../../../../tools/postgres/launch.mjs';

const NAME = 'realtime-production-tabular-small';
const SPEC = { service: 'realtime', env: { ENVIRONMENT: 'production', POOL: 'tabular-small' } };

describe('the control door', () => {
  const kept = new Map<string, ReplicaSpec>();
  const restarted: string[] = [];
  let isRolling = false;
  const statusOf = (name: string): ReplicaStatus => ({
    name,
    url: 'http://127.0.0.1:1',
    pid: 7,
    status: 'ready',
    restarts: 0,
  });
  const mesh: Mesh = {
    processes: () => [{ name: 'auth', state: 'ready', restarts: 2, rssBytes: 5 }],
    restart: (name) => {
      restarted.push(name);
      return Promise.resolve(name === 'auth');
    },
    rollingRestart: () =>
      isRolling
        ? Promise.reject(new Error('a rolling restart is under way already'))
        : Promise.resolve([{ name: 'auth', endedMs: 1, readyMs: 2 }]),
    replicas: {
      put: (name, spec) => {
        kept.set(name, spec);
        return Promise.resolve(statusOf(name));
      },
      remove: (name) => Promise.resolve(kept.delete(name)),
      get: (name) => (kept.has(name) ? statusOf(name) : undefined),
      list: () => [...kept.keys()].map(statusOf),
    },
  };
  let url: string;
  let door: { close(): Promise<void> };

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    door = await openControlDoor(mesh, port, 'secret');
  });
  afterAll(() => door.close());

  const call = async (
    method: string,
    path: string,
    body?: unknown,
    token = 'secret',
  ): Promise<{ status: number; body: unknown }> => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };

  it.each(['', 'wrong', 'secret2'])('is shut to the token %p', async (token) => {
    expect((await call('GET', '/processes', undefined, token)).status).toBe(401);
    expect((await fetch(`${url}/processes`)).status).toBe(401);
  });

  it('shows the processes', async () => {
    expect(await call('GET', '/processes')).toEqual({
      status: 200,
      body: { processes: [{ name: 'auth', state: 'ready', restarts: 2, rssBytes: 5 }] },
    });
  });

  it('restarts a process, and says when there is none of the name', async () => {
    expect((await call('POST', '/processes/auth/restart')).status).toBe(202);
    expect(await call('POST', '/processes/nobody/restart')).toMatchObject({
      status: 404,
      body: { detail: "no process is called 'nobody'" },
    });
  });

  it('restarts everything in turn, one such round at a time', async () => {
    expect(await call('POST', '/rolling-restart')).toEqual({
      status: 200,
      body: { restarted: [{ name: 'auth', endedMs: 1, readyMs: 2 }] },
    });
    isRolling = true;
    expect(await call('POST', '/rolling-restart')).toMatchObject({ status: 409, body: { status: 409 } });
    expect((await call('GET', '/rolling-restart')).status).toBe(405);
  });

  it('keeps, shows and lets go a replica', async () => {
    expect(await call('PUT', `/replicas/${NAME}`, SPEC)).toEqual({ status: 200, body: statusOf(NAME) });
    expect(await call('GET', `/replicas/${NAME}`)).toEqual({ status: 200, body: statusOf(NAME) });
    expect(await call('GET', '/replicas')).toEqual({ status: 200, body: { replicas: [statusOf(NAME)] } });
    expect((await call('DELETE', `/replicas/${NAME}`)).status).toBe(204);
    expect((await call('DELETE', `/replicas/${NAME}`)).status).toBe(204);
    expect((await call('GET', `/replicas/${NAME}`)).status).toBe(404);
  });

  it.each([
    ['another service', { ...SPEC, service: 'auth' }, '/service'],
    ['no environment', { ...SPEC, env: {} }, 'needs ENVIRONMENT, one of research'],
    ['an unknown environment', { ...SPEC, env: { ENVIRONMENT: 'prod' } }, 'needs ENVIRONMENT'],
    [
      'a variable that runs other code',
      { ...SPEC, env: { ...SPEC.env, NODE_OPTIONS: '-r x' } },
      'only the supervisor sets',
    ],
    ["another's credentials", { ...SPEC, env: { ...SPEC.env, EVENT_LOG_URL: 'x' } }, 'only the supervisor sets'],
    ['an unknown member', { ...SPEC, args: ['x'] }, 'args'],
  ])('refuses a replica with %s', async (_, spec, said) => {
    const { status, body } = await call('PUT', `/replicas/${NAME}`, spec);
    expect(status).toBe(400);
    expect((body as { detail: string }).detail).toContain(said);
    expect(kept.has(NAME)).toBe(false);
  });

  it('refuses what is no JSON, too large, of a bad name, or nowhere', async () => {
    expect((await call('PUT', `/replicas/${NAME}`, '{')).status).toBe(400);
    expect((await call('PUT', `/replicas/${NAME}`, ' '.repeat(70_000))).status).toBe(413);
    expect((await call('PUT', '/replicas/..%2Fx', SPEC)).status).toBe(400);
    expect((await call('PATCH', `/replicas/${NAME}`, SPEC)).status).toBe(405);
    expect((await call('GET', '/secrets')).status).toBe(404);
  });
});
