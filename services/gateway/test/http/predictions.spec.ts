import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { echo, fakeService, type FakeService } from '../fake-service.js';
import { GatewayApp } from '../gateway-app.js';

const INFER = '/v2/models/flight-delay/infer';

/** Bytes there and back; adds no header of its own. */
function fetchRaw(
  url: string,
  headers: Record<string, string>,
  body: Buffer,
): Promise<{ headers: IncomingHttpHeaders; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: 'POST', headers: { ...headers, 'content-length': body.length } });
    sent.on('error', reject).on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        resolve({ headers: response.headers, bytes: Buffer.concat(chunks) });
      });
    });
    sent.end(body);
  });
}

describe('predictions', () => {
  let gateway: GatewayApp;
  let replicas: FakeService[];
  let aa: { key: string };
  let bb: { key: string };
  beforeAll(async () => {
    gateway = await GatewayApp.start();
    replicas = [await fakeService(), await fakeService()];
    for (const tenantId of ['aa', 'bb']) await gateway.tenant(tenantId);
    aa = await gateway.principal('aa', [['predictor', 'aa']]);
    bb = await gateway.principal('bb', [['predictor', 'bb']]);
    await gateway.pool(
      'tabular-small',
      replicas.map((replica) => replica.url),
    );
    await gateway.placement('aa', 'flight-delay', 'tabular-small');
    await eventually(async () => {
      expect((await infer(aa.key)).status).toBe(200);
    });
  });
  afterAll(async () => {
    await gateway.close();
    for (const replica of replicas) await replica.close();
  });

  const infer = (key: string, path = INFER, headers = {}) =>
    gateway.send('POST', path, { key, body: '{"inputs":[]}', headers });

  it('go to the replica that owns the model, with a token for that environment alone', async () => {
    const before = replicas.map((replica) => replica.seen.length);
    for (let i = 0; i < 6; i += 1) await infer(aa.key);
    const counts = replicas.map((replica, i) => replica.seen.length - before[i]!);
    expect(counts.toSorted((a, b) => a - b)).toEqual([0, 6]);
    const owner = replicas[counts.indexOf(6)]!;
    const { headers, url, body } = owner.seen.at(-1)!;
    expect({ url, body }).toEqual({ url: INFER, body: '{"inputs":[]}' });
    const token = headers.authorization!.split(' ')[1]!;
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as {
      aud: string;
      tid: string;
    };
    expect(claims).toMatchObject({ aud: 'myriad-realtime-production', tid: 'aa' });
  });

  it('of many models are spread over the replicas, each model staying with one', async () => {
    const models = Array.from({ length: 24 }, (_none, i) => `spread-${i}`);
    for (const model of models) await gateway.placement('aa', model, 'tabular-small');
    await eventually(async () => {
      expect((await infer(aa.key, '/v2/models/spread-23/infer')).status).toBe(200);
    });
    const ownersOf = async (model: string) => {
      const before = replicas.map((replica) => replica.seen.length);
      for (let i = 0; i < 3; i += 1) await infer(aa.key, `/v2/models/${model}/infer`);
      return replicas.flatMap((replica, i) => (replica.seen.length > before[i]! ? [i] : []));
    };
    const owners = [];
    for (const model of models) owners.push(await ownersOf(model));
    expect(owners.every((some) => some.length === 1)).toBe(true);
    const first = owners.filter(([owner]) => owner === 0).length;
    expect(first).toBeGreaterThan(4);
    expect(first).toBeLessThan(20);
  });

  it("are explained by the replica that owns the model, in the caller's tenant alone", async () => {
    const before = replicas.map((replica) => replica.seen.length);
    await infer(aa.key);
    const owner = replicas.findIndex((replica, i) => replica.seen.length > before[i]!);
    const path = '/v1/serving/explain?model=flight-delay';
    for (let i = 0; i < 3; i += 1) expect((await gateway.send('GET', path, { key: aa.key })).status).toBe(200);
    expect(replicas[owner]!.seen.slice(-3).map(({ url }) => url)).toEqual([path, path, path]);
    const other = await gateway.send('GET', path, { key: bb.key });
    expect(other).toMatchObject({ status: 404, body: { code: 'gateway.model_not_placed' } });
  });

  it("never reach another tenant's model, by whatever name", async () => {
    const before = replicas.map((replica) => replica.seen.length);
    expect(await infer(bb.key)).toMatchObject({ status: 404, body: { code: 'gateway.model_not_placed' } });
    expect(await infer(bb.key, INFER, { 'x-myriad-tenant': 'aa' })).toMatchObject({
      status: 403,
      body: { code: 'gateway.tenant_forbidden' },
    });
    for (const path of ['/v2/models/aa%2fflight-delay/infer', '/v2/models/../aa/flight-delay/infer'])
      expect((await infer(bb.key, path)).status).toBe(400);
    expect(replicas.map((replica) => replica.seen.length)).toEqual(before);
  });

  it.each([
    ['small', 200],
    ['streamed', 300_000],
  ])('carry %s bytes and the headers that say how to read them, both ways as they are', async (_size, length) => {
    const bytes = Buffer.from(Uint8Array.from({ length }, (_, i) => i * 7));
    const said = { 'inference-header-content-length': '100', 'content-encoding': 'gzip' };
    await gateway.pool('bytes', [replicas[0]!.url]);
    await gateway.placement('aa', `bytes-${length}`, 'bytes');
    replicas[0]!.answer = (_request, response) => {
      response.writeHead(200, { ...said, 'content-type': 'application/octet-stream' });
      response.end(bytes);
    };
    const path = `/v2/models/bytes-${length}/infer`;
    const headers = { authorization: `Bearer ${aa.key}`, ...said, 'accept-encoding': 'deflate' };
    await eventually(async () => {
      const answer = await fetchRaw(`${gateway.url}${path}`, headers, bytes);
      expect(answer.headers).toMatchObject({ ...said, 'content-type': 'application/octet-stream' });
      expect(answer.bytes.equals(bytes)).toBe(true);
    });
    const seen = replicas[0]!.seen.at(-1)!;
    expect(seen.bytes.equals(bytes)).toBe(true);
    expect(seen.headers).toMatchObject({ ...said, 'accept-encoding': 'deflate' });
    expect(seen.headers['content-type']).toBeUndefined();
    replicas[0]!.answer = echo;
  });

  it('say what is wrong where clients of the protocol look', async () => {
    const { body } = await infer(aa.key, '/v2/models/nothing/infer');
    expect(body).toMatchObject({ code: 'gateway.model_not_placed', error: body.detail });
    const elsewhere = await gateway.send('GET', '/v1/nothing', { key: aa.key });
    expect(elsewhere.body).not.toHaveProperty('error');
  });

  it('are of one environment', async () => {
    const answer = await infer(aa.key, INFER, { 'x-myriad-environment': 'engineering' });
    expect(answer).toMatchObject({ status: 404, body: { code: 'gateway.model_not_placed' } });
  });

  it('need their permission', async () => {
    const { key } = await gateway.principal('aa', [['viewer', 'aa']]);
    expect((await infer(key)).body.code).toBe('gateway.permission_missing');
    expect((await gateway.send('GET', '/v2/models/flight-delay', { key })).status).toBe(200);
  });

  /** Models of a pool, so many that each of two replicas owns some. */
  async function placeSome(pool: string): Promise<readonly string[]> {
    const models = Array.from({ length: 12 }, (_none, i) => `${pool}-${i}`);
    for (const model of models) await gateway.placement('aa', model, pool);
    await eventually(async () => {
      expect((await infer(aa.key, `/v2/models/${models[11]}/infer`)).status).toBe(200);
    });
    return models;
  }
  const statusesOf = async (models: readonly string[]): Promise<ReadonlySet<number>> =>
    new Set(
      (await Promise.all(models.map((model) => infer(aa.key, `/v2/models/${model}/infer`)))).map(
        ({ status }) => status,
      ),
    );

  it('go on with the other replica when one is down', async () => {
    const spare = await fakeService();
    await gateway.pool('p2', [spare.url, replicas[1]!.url]);
    const models = await placeSome('p2');
    expect(await statusesOf(models)).toEqual(new Set([200]));
    expect(spare.seen.length).toBeGreaterThan(0);
    await spare.close();
    for (let i = 0; i < 3; i += 1) expect(await statusesOf(models)).toEqual(new Set([200]));
  });

  it('are sent again, elsewhere, when the replica breaks off before it answers', async () => {
    const breaking = await fakeService();
    breaking.answer = (request) => request.socket.destroy();
    await gateway.pool('p5', [breaking.url, replicas[1]!.url]);
    const models = await placeSome('p5');
    expect(await statusesOf(models)).toEqual(new Set([200]));
    expect(breaking.seen.length).toBeGreaterThan(0);
    await breaking.close();
  });

  it('wait for a replica that starts again', async () => {
    const first = await fakeService();
    const port = Number(new URL(first.url).port);
    await gateway.pool('p6', [first.url]);
    await gateway.placement('aa', 'six', 'p6');
    await eventually(async () => {
      expect((await infer(aa.key, '/v2/models/six/infer')).status).toBe(200);
    });
    await first.close();
    const pending = infer(aa.key, '/v2/models/six/infer');
    const again = await fakeService(port);
    expect((await pending).status).toBe(200);
    await again.close();
  });

  it('wait for a replica when none is up, and end when the model is removed', async () => {
    await gateway.pool('p3', []);
    await gateway.placement('aa', 'three', 'p3');
    await eventually(async () => {
      const answer = await infer(aa.key, '/v2/models/three/infer');
      expect(answer).toMatchObject({ status: 503, body: { code: 'gateway.no_replica' } });
      expect(answer.headers['retry-after']).toBe('1');
    });
    await gateway.placement('aa', 'three', 'p3', { status: 'removed', generation: 2 });
    await eventually(async () => {
      expect((await infer(aa.key, '/v2/models/three/infer')).status).toBe(404);
    });
    await gateway.placement('aa', 'three', 'p3', { status: 'active', generation: 1 });
    await gateway.placement('aa', 'four', 'p3');
    await eventually(async () => {
      expect((await infer(aa.key, '/v2/models/four/infer')).status).toBe(503);
    });
    expect((await infer(aa.key, '/v2/models/three/infer')).status).toBe(404);
  });

  it('end with 504 when the replica does not answer', async () => {
    const stuck = await fakeService();
    stuck.answer = () => undefined;
    await gateway.pool('p4', [stuck.url]);
    await gateway.placement('aa', 'stuck', 'p4');
    await eventually(async () => {
      expect((await infer(aa.key, '/v2/models/stuck/infer')).body.code).toBe('gateway.service_timeout');
    });
    await stuck.close();
  });

  it('have doors that need no key: of the server, in an environment', async () => {
    for (const path of ['/v2', '/v2/health/live', '/v2/health/ready'])
      expect((await gateway.send('GET', path)).status).toBe(200);
    const elsewhere = { 'x-myriad-environment': 'research' };
    expect((await gateway.send('GET', '/v2/health/ready', { headers: elsewhere })).status).toBe(503);
  });

  it('are audited by the second: how many of whom, on which route, with which outcome', async () => {
    const { key, principalId } = await gateway.principal('aa', [['predictor', 'aa']]);
    for (let i = 0; i < 5; i += 1) await infer(key);
    for (let i = 0; i < 3; i += 1) await infer(key, '/v2/models/none/infer');
    await eventually(() => {
      const mine = gateway.audited.filter((record) => record.principalId === principalId);
      const sum = (status: number): number =>
        mine.filter((record) => record.status === status).reduce((total, record) => total + record.count, 0);
      expect([sum(200), sum(404)]).toEqual([5, 3]);
      expect(mine.length).toBeLessThanOrEqual(4);
      expect(mine[0]).toMatchObject({ tenantId: 'aa', route: '/v2/models/:model/infer', method: 'POST' });
    });
  });
});
