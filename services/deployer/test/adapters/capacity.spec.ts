import { once } from 'node:events';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ExternalCapacity } from '../../src/adapters/external/external-capacity.js';
import { SupervisorCapacity } from '../../src/adapters/supervisor/supervisor-capacity.js';

interface Seen {
  readonly call: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

const request = {
  replicaId: 'realtime-production-tabular-small',
  environment: 'production',
  pool: 'tabular-small',
  memoryLimitBytes: 4096,
} as const;

let server: Server;
let url: string;
let seen: Seen[] = [];
let answer: { status: number; body: string } | 'silence' = { status: 200, body: '' };

const note = async (incoming: IncomingMessage): Promise<void> => {
  const body = await text(incoming);
  const call = `${incoming.method ?? ''} ${incoming.url ?? ''}`;
  seen.push({ call, authorization: incoming.headers.authorization, body: body === '' ? undefined : JSON.parse(body) });
};

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    void note(incoming).then(() => {
      if (answer !== 'silence') outgoing.writeHead(answer.status).end(answer.body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  seen = [];
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('SupervisorCapacity', () => {
  const capacity = (): SupervisorCapacity => new SupervisorCapacity({ url, token: 'a token', timeoutMs: 300 });

  it('tells a replica which server runs the models of its pool, and those of other pools nothing', async () => {
    answer = { status: 200, body: JSON.stringify({ url: 'http://127.0.0.1:9', status: 'ready' }) };
    const remoteUrls = { 'vision-large': 'grpc://triton:8001' };
    const capacity = new SupervisorCapacity({ url, token: 'a token', timeoutMs: 300, remoteUrls });
    await capacity.ensure({ ...request, pool: 'vision-large' });
    await capacity.ensure(request);
    expect(seen.map(({ body }) => (body as { env: Record<string, string> }).env['REMOTE_URL'])).toEqual([
      'grpc://triton:8001',
      undefined,
    ]);
  });

  it('asks the control door for one realtime process, with the token and what it must know', async () => {
    answer = { status: 200, body: JSON.stringify({ url: 'http://127.0.0.1:9', pid: 7, status: 'starting' }) };
    expect(await capacity().ensure(request)).toEqual({
      replicaId: request.replicaId,
      url: 'http://127.0.0.1:9',
      status: 'starting',
    });
    expect(seen).toEqual([
      {
        call: 'PUT /replicas/realtime-production-tabular-small',
        authorization: 'Bearer a token',
        body: {
          service: 'realtime',
          env: {
            ENVIRONMENT: 'production',
            POOL: 'tabular-small',
            REPLICA_ID: request.replicaId,
            MEMORY_LIMIT_BYTES: '4096',
          },
        },
      },
    ]);
  });

  it('ends a replica, also one that is gone already', async () => {
    for (const status of [204, 404]) {
      answer = { status, body: '' };
      await expect(capacity().remove(request.replicaId)).resolves.toBeUndefined();
    }
    expect(seen.map(({ call }) => call)).toEqual(Array(2).fill(`DELETE /replicas/${request.replicaId}`));
  });

  it('says what the supervisor answered when it refuses, and that it may be asked again', async () => {
    answer = { status: 403, body: 'no such service' };
    const refusal = { code: 'deployer.capacity_refused', retryable: true };
    await expect(capacity().ensure(request)).rejects.toMatchObject(refusal);
    await expect(capacity().remove(request.replicaId)).rejects.toThrow('answered 403 to DELETE');
  });

  it('takes no answer for an answer that it can not read, nor waits for ever', async () => {
    answer = { status: 200, body: JSON.stringify({ url: 'nowhere', status: 'ready' }) };
    await expect(capacity().ensure(request)).rejects.toThrow();
    answer = 'silence';
    await expect(capacity().ensure(request)).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('ExternalCapacity', () => {
  it('fills in the address and asks the replica whether it is ready', async () => {
    const capacity = new ExternalCapacity(`${url}/{environment}/{pool}`, { timeoutMs: 300 });
    answer = { status: 200, body: '' };
    const ready = { replicaId: request.replicaId, url: `${url}/production/tabular-small`, status: 'ready' };
    expect(await capacity.ensure(request)).toEqual(ready);
    expect(seen[0]?.call).toBe('GET /production/tabular-small/v2/health/ready');
    answer = { status: 503, body: '' };
    expect((await capacity.ensure(request)).status).toBe('starting');
    answer = 'silence';
    expect((await capacity.ensure(request)).status).toBe('starting');
    await expect(capacity.remove()).resolves.toBeUndefined();
  });
});
