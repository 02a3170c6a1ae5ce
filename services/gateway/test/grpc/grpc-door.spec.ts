import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { GatewayApp } from '../gateway-app.js';
import { FakeReplica, KeyClient, encode } from './grpc-peers.js';

const MODEL = { model_name: 'flight-delay', id: '7' };

describe('gRPC through the gateway', () => {
  let gateway: GatewayApp;
  let replicas: FakeReplica[];
  const clients: KeyClient[] = [];
  let aa: KeyClient;
  let answer: FakeReplica['answer'];
  const connect = (key?: string, more?: Record<string, string>): KeyClient => {
    clients.push(new KeyClient(gateway.grpcPort, key, more));
    return clients.at(-1)!;
  };
  const seen = () => replicas.flatMap((replica) => replica.seen);
  beforeAll(async () => {
    gateway = await GatewayApp.start({ predictionTimeoutMs: 20_000 });
    replicas = ['one', 'two'].map((name) => new FakeReplica(name));
    for (const replica of replicas) await replica.listen();
    answer = replicas[0]!.answer;
    for (const tenantId of ['aa', 'bb']) await gateway.tenant(tenantId);
    await gateway.pool(
      'tabular-small',
      replicas.map(({ url }) => url),
    );
    await gateway.placement('aa', 'flight-delay', 'tabular-small');
    aa = connect((await gateway.principal('aa', [['predictor', 'aa']])).key);
    await eventually(async () => {
      expect(await aa.call('ModelInfer', MODEL)).toMatchObject(MODEL);
    });
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await gateway.close();
    for (const replica of replicas) replica.kill();
  });
  afterEach(() => {
    for (const replica of replicas) {
      replica.seen.length = 0;
      replica.answer = answer.bind(replica);
    }
  });

  it('goes to the owner of the model, with a token for that environment and nothing the client said', async () => {
    const client = connect((await gateway.principal('aa', [['predictor', 'aa']])).key, { 'x-secret': '1' });
    const versions = new Set<unknown>();
    for (let i = 0; i < 6; i += 1) versions.add((await client.call('ModelInfer', MODEL))['model_version']);
    expect(versions.size).toBe(1);
    const { metadata } = seen()[0]!;
    const [token = ''] = metadata.get('authorization').map((value) => value.toString().split(' ')[1]);
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as object;
    expect(claims).toMatchObject({ aud: 'myriad-realtime-production', tid: 'aa' });
    expect(metadata.get('x-secret')).toEqual([]);
    expect(metadata.get('traceparent')).toHaveLength(1);
  });

  it('says without a key that a replica is there, and nothing else', async () => {
    const anybody = connect();
    expect(await anybody.call('ServerReady')).toEqual({ ready: true });
    expect(await anybody.refusal('ModelInfer', MODEL)).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(await connect('myr_nokey').refusal('ModelReady', { name: 'flight-delay' })).toMatchObject({
      code: status.UNAUTHENTICATED,
    });
  });

  it("never reaches another tenant's model, nor what the key gives no right to", async () => {
    const bb = connect((await gateway.principal('bb', [['predictor', 'bb']])).key);
    expect(await bb.refusal('ModelInfer', MODEL)).toMatchObject({ code: status.NOT_FOUND });
    const stranger = connect((await gateway.principal('bb', [['predictor', 'bb']])).key, { 'x-myriad-tenant': 'aa' });
    expect(await stranger.refusal('ModelInfer', MODEL)).toMatchObject({ code: status.PERMISSION_DENIED });
    const viewer = connect((await gateway.principal('aa', [['viewer', 'aa']])).key);
    expect(await viewer.refusal('ModelInfer', MODEL)).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(seen()).toEqual([]);
  });

  it('tells over its limit that it is, with the time to try again and the limit', async () => {
    await gateway.tenant('slow', { rateLimit: { requestsPerSecond: 0.01, burst: 1 } });
    await gateway.placement('slow', 'flight-delay', 'tabular-small');
    const client = connect((await gateway.principal('slow', [['predictor', 'slow']])).key);
    await client.call('ModelInfer', MODEL).catch(() => undefined);
    const { code, metadata } = await client.refusal('ModelInfer', MODEL);
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
    expect(metadata.get('grpc-status-details-bin')[0]!.toString('latin1')).toContain('google.rpc.RetryInfo');
    expect(metadata.get('ratelimit-limit')).toEqual(['1']);
    expect(metadata.get('x-request-id')).toHaveLength(1);
  });

  it("hands a replica's refusal on as it is", async () => {
    const details = new Metadata();
    details.set('x-request-id', 'theirs');
    details.set('grpc-status-details-bin', Buffer.from('details'));
    for (const replica of replicas)
      replica.answer = () =>
        Promise.reject(Object.assign(new Error(), { code: status.UNAVAILABLE, details: 'busy', metadata: details }));
    const refused = await aa.refusal('ModelInfer', MODEL);
    expect(refused).toMatchObject({ code: status.UNAVAILABLE, details: 'busy' });
    expect(refused.metadata.get('grpc-status-details-bin')[0]!.toString()).toBe('details');
    expect(seen()).toHaveLength(1);
  });

  it('passes the canary key on, over HTTP too', async () => {
    const { key } = await gateway.principal('aa', [['predictor', 'aa']]);
    await connect(key, { 'x-canary-key': 'user 7' }).call('ModelInfer', MODEL);
    expect(seen()[0]!.metadata.get('x-canary-key')).toEqual(['user 7']);
    await aa.call('ModelInfer', MODEL);
    expect(seen()[1]!.metadata.get('x-canary-key')).toEqual([]);
    await gateway.pool('plain', [gateway.service.url]);
    await gateway.placement('aa', 'plain', 'plain');
    const headers = { 'X-Canary-Key': 'user 7' };
    await eventually(async () => {
      expect((await gateway.send('POST', '/v2/models/plain/infer', { key, headers, body: '{}' })).status).toBe(200);
    });
    expect(gateway.service.seen.at(-1)!.headers['x-canary-key']).toBe('user 7');
    await gateway.pool('plain', []);
  });

  it('takes a deadline that is further away than 32 bits of milliseconds', async () => {
    for (const days of [25, 60, 1_000])
      expect(await aa.call('ModelInfer', MODEL, { deadline: Date.now() + days * 86_400_000 })).toMatchObject(MODEL);
  });

  it("passes the call's deadline on, and forwards nothing that has expired", async () => {
    const deadline = Date.now() + 9_000;
    await aa.call('ModelInfer', MODEL, { deadline });
    const told = Number(seen()[0]!.deadline);
    expect(told).toBeGreaterThan(deadline - 5_000);
    expect(told).toBeLessThan(deadline + 100);
    const before = seen().length;
    expect(await aa.refusal('ModelInfer', MODEL, { deadline: Date.now() - 1 })).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    expect(seen()).toHaveLength(before);
  });

  it('sends a call to another replica when one is gone', async () => {
    const owner = replicas.find(({ name }) => name === seenOwner)!;
    const { port } = owner;
    owner.kill();
    for (let i = 0; i < 3; i += 1) expect(await aa.call('ModelInfer', MODEL)).toMatchObject(MODEL);
    await owner.listen(port);
  });
  let seenOwner: string;
  beforeAll(async () => {
    seenOwner = String((await aa.call('ModelInfer', MODEL))['model_version']);
  });

  it('makes one answer of what several replicas say', async () => {
    await gateway.pool('vision-small', [replicas[1]!.url]);
    for (const [at, replica] of replicas.entries())
      replica.answer = ({ method }) =>
        method === 'RepositoryIndex'
          ? encode('RepositoryIndexResponse', { models: [{ name: `m${at}`, version: '1' }] })
          : encode('ModelStatisticsResponse', {
              model_stats: [
                {
                  name: 'flight-delay',
                  version: '1',
                  inference_count: 10 + at,
                  last_inference: 1_000 + at,
                  inference_stats: { success: { count: 5, ns: 50 } },
                },
              ],
            });
    const { models } = await aa.call('RepositoryIndex');
    expect((models as { name: string }[]).length).toBe(2);
    const { model_stats: statistics } = await aa.call('ModelStatistics', { name: 'flight-delay' });
    expect(statistics).toMatchObject([
      { inference_count: 21, last_inference: 1_001, inference_stats: { success: { count: 10, ns: 100 } } },
    ]);
  });

  it('frees a model everywhere, by either name of the field', async () => {
    for (const request of [{ model_name: 'flight-delay' }, { repository_name: 'flight-delay' }]) {
      await aa.call('RepositoryModelUnload', request);
      expect(seen().map(({ method }) => method)).toEqual(['RepositoryModelUnload', 'RepositoryModelUnload']);
      for (const replica of replicas) replica.seen.length = 0;
    }
  });

  it('is counted in the audit as what was done', async () => {
    await aa.call('ModelInfer', MODEL);
    await eventually(() => {
      const record = gateway.audited.find(
        ({ tenantId, route, status: code }) =>
          tenantId === 'aa' && route === '/inference.GRPCInferenceService/ModelInfer' && code === 200,
      );
      expect(record).toMatchObject({ method: 'POST' });
    });
  });
});
