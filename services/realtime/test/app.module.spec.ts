import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  inferResponseSchema,
  modelStateChangedV1,
  placementChangedV1,
  predictionSampledV1,
  realtimeRoutes,
  servingExplanationSchema,
  servingRoutes,
  usageMeteredV1,
} from '@myriad/contracts';
import { makeEvent, toRecord } from '@myriad/messaging';
import { eventually, ServiceHarness } from '@myriad/testing';
import { tenantId } from '@myriad/kernel';
import { AppModule } from '../src/app.module.js';
import { ModelCache } from '../src/application/model-cache.js';
import { EventForwarder } from '../src/messaging/event-forwarder.js';
import { PlacementTail } from '../src/messaging/placement-tail.js';
import { fixture, flights, placementOf, type PlacementData } from './support.js';

const settings = {
  environment: 'production',
  pool: 'tabular-small',
  replicaId: 'r0',
  maxBytes: 50_000_000,
  sampleRate: 1,
  samplesPerSecond: 1_000,
  meterIntervalMs: 50,
  failedLoadRetryMs: 200,
};

interface Answer {
  readonly model_version: string;
  readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[];
}

describe('realtime', () => {
  let realtime: ServiceHarness<undefined>;

  beforeAll(async () => {
    realtime = await ServiceHarness.start({
      service: 'realtime',
      module: ({ log, objects, logger }) => AppModule.with({ log, store: objects, logger, settings, random: () => 0 }),
      beforeListen: async (app) => {
        await app.get(PlacementTail).start();
        app.get(EventForwarder).start();
      },
    });
    for (const tenant of ['aa', 'bb'])
      for (const name of ['logistic', 'forest'])
        for (const file of [`${name}.onnx`, `${name}.parity.json`])
          await realtime.parts.objects.put(tenantId(tenant), fixture(file));
    await place({ parityDigest: await parityOf('logistic') });
    await realtime.event(modelStateChangedV1, { modelName: 'flight-delay', state: 'ready' });
  });
  afterAll(async () => {
    await realtime.get(PlacementTail).close();
    await realtime.get(EventForwarder).close();
    await realtime.get(ModelCache).close();
    await realtime.close();
  });

  const parityOf = async (name: string) =>
    (await realtime.parts.objects.put(tenantId('aa'), fixture(`${name}.parity.json`))).digest;
  /** Twice, as at-least-once delivery may. */
  async function place(more: Partial<PlacementData>, bytes?: Buffer): Promise<void> {
    const data = placementOf(more, bytes);
    const event = makeEvent(placementChangedV1, { tenantId: data.tenantId, data, source: 'deployer' });
    for (let i = 0; i < 2; i += 1) await realtime.parts.log.append([toRecord(event, placementChangedV1)]);
  }
  const infer = (
    model: string,
    body: unknown,
    more: { tenant?: string; permissions?: string[]; headers?: Record<string, string> } = {},
  ) => {
    const headers = { 'content-type': 'application/json', ...more.headers };
    return realtime.request(realtimeRoutes.infer, { tenant: 'aa', params: { model }, anyBody: body, ...more, headers });
  };

  test('answers without a token only that it is there', async () => {
    for (const path of ['/v2', '/v2/health/live', '/v2/health/ready'])
      expect((await fetch(`${realtime.url}${path}`)).status).toBe(200);
    expect(await (await fetch(`${realtime.url}/v2/health/live`)).json()).toEqual({ live: true });
    expect((await fetch(`${realtime.url}/v2/models/flight-delay`)).status).toBe(401);
  });

  test('predicts, gives the id back, and follows the protocol', async () => {
    const answer = await infer('flight-delay', { id: 'q1', ...flights(2) });
    expect(answer.headers.get('content-type')).toContain('application/json');
    const body = inferResponseSchema.parse(answer.body);
    expect(body).toMatchObject({ model_name: 'flight-delay', model_version: '1', id: 'q1' });
    expect(body.outputs).toMatchObject([
      { name: 'label', datatype: 'INT64', shape: [2] },
      { name: 'probability', datatype: 'FP32', shape: [2] },
    ]);
  });

  test('gives what scikit-learn gave for every recorded row, alone and together bit for bit the same', async () => {
    const recorded = JSON.parse(fixture('logistic.parity.json').toString()) as {
      inputs: { name: string; datatype: string; data: unknown[] }[];
      outputs: { name: string; data: number[] }[];
    };
    const probability = async (body: object): Promise<readonly number[]> => {
      const answer = await infer('flight-delay', { ...body, outputs: [{ name: 'probability' }] });
      return (answer.body as Answer).outputs[0]!.data;
    };
    const together = await probability({ inputs: recorded.inputs });
    recorded.outputs[1]!.data.forEach((value, i) => {
      expect(Math.abs(together[i]! - value)).toBeLessThan(1e-6);
    });
    for (const i of together.keys()) {
      const row = recorded.inputs.map((input) => ({ ...input, shape: [1, 1], data: [input.data[i]] }));
      expect(await probability({ inputs: row })).toEqual([together[i]]);
    }
  });

  test.each([
    ['a wrong shape', flights(1, { month: { shape: [1] } }), '400 inference.shape_mismatch /inputs/0/shape'],
    [
      'a wrong datatype',
      flights(1, { month: { datatype: 'INT32' } }),
      '400 inference.datatype_mismatch /inputs/0/datatype',
    ],
    ['the word NaN', flights(1, { hour: { data: ['NaN'] } }), '400 inference.value_invalid /inputs/1/data/0'],
    ['a missing input', { inputs: flights(1).inputs.slice(1) }, '400 inference.input_missing /inputs'],
    ['an unknown member', { ...flights(1), extra: 1 }, '400 inference.request_invalid /extra'],
    [
      'a million rows',
      flights(1, { month: { shape: [1_000_000, 1] } }),
      '413 inference.too_many_rows /inputs/0/shape/0',
    ],
    ['no body', undefined, '400 inference.request_invalid /inputs'],
    ['malformed JSON', '{"inputs":', '400 http.malformed_json '],
    ['a bare NaN', '{"inputs":[NaN]}', '400 http.malformed_json '],
  ])('%s is refused and says why', async (_name, body, expected) => {
    const { problem } = await infer('flight-delay', body);
    expect(`${problem.status} ${problem.code} ${problem.errors?.[0]?.pointer}`).toBe(expected);
  });

  test('a body over 16 MiB is refused', async () => {
    const { problem } = await infer('flight-delay', `{"inputs":["${'x'.repeat(17 * 1_048_576)}"]}`);
    expect(problem).toMatchObject({ status: 413, code: 'http.body_too_large' });
  });

  test('an unknown model and a model of another tenant are not found, in the same words', async () => {
    await place({ tenantId: 'bb', modelName: 'secret' });
    await eventually(async () => {
      expect((await infer('secret', flights(1), { tenant: 'bb' })).status).toBe(200);
    });
    const unknown = (await infer('nothing', flights(1))).problem;
    const foreign = (await infer('secret', flights(1))).problem;
    expect(unknown).toMatchObject({ status: 404, code: 'realtime.model_not_found' });
    expect(foreign.detail.replace('secret', 'nothing')).toBe(unknown.detail);
    expect((await infer('flight-delay', flights(1), { tenant: 'bb' })).status).toBe(404);
  });

  test('needs a permission to predict, and one of two to read', async () => {
    expect((await infer('flight-delay', flights(1), { permissions: ['models:read'] })).problem.code).toBe(
      'http.permission_missing',
    );
    const read = (permissions: string[]) =>
      realtime.request(realtimeRoutes.modelMetadata, { tenant: 'aa', permissions, params: { model: 'flight-delay' } });
    expect((await read(['costs:read'])).problem).toMatchObject({ status: 403, code: 'realtime.permission_missing' });
    expect((await read(['predictions:invoke'])).body).toMatchObject({
      name: 'flight-delay',
      versions: ['1'],
      inputs: { length: 4 },
    });
    expect((await read(['models:read'])).status).toBe(200);
  });

  test('answers for the version that is served and for no other', async () => {
    const of = (version: number) =>
      realtime.request(realtimeRoutes.inferVersion, {
        tenant: 'aa',
        params: { model: 'flight-delay', version },
        anyBody: flights(1),
      });
    expect((await of(1)).status).toBe(200);
    expect((await of(7)).problem).toMatchObject({ status: 404, code: 'realtime.model_not_found' });
    const ready = (version: number) =>
      realtime.request(realtimeRoutes.modelVersionReady, {
        tenant: 'aa',
        permissions: ['models:read'],
        params: { model: 'flight-delay', version },
      });
    expect((await ready(1)).status).toBe(200);
    expect((await ready(2)).status).toBe(404);
  });

  test('a deadline that has passed is told, one that holds is no matter', async () => {
    expect(
      (await infer('flight-delay', flights(1), { headers: { 'x-myriad-timeout-ms': '0' } })).problem,
    ).toMatchObject({
      status: 504,
      code: 'realtime.deadline_exceeded',
    });
    expect((await infer('flight-delay', flights(1), { headers: { 'x-myriad-timeout-ms': '5000' } })).status).toBe(200);
  });

  test('either header sets the deadline, and the shorter one holds', async () => {
    const status = async (headers: Record<string, string>) =>
      (await infer('flight-delay', flights(1), { headers })).status;
    expect(await status({ 'x-request-timeout-ms': '0' })).toBe(504);
    expect(await status({ 'x-request-timeout-ms': '5000' })).toBe(200);
    expect(await status({ 'x-request-timeout-ms': '5000', 'x-myriad-timeout-ms': '0' })).toBe(504);
    expect(await status({ 'x-request-timeout-ms': 'soon' })).toBe(200);
  });

  test('answers many at the same time, of several tenants, and every one of them', async () => {
    await place({ tenantId: 'bb', modelName: 'crowded' });
    await eventually(async () => {
      expect((await infer('crowded', flights(1), { tenant: 'bb' })).status).toBe(200);
    });
    const answers = await Promise.all(
      Array.from({ length: 150 }, (_none, i) =>
        i % 2 === 0 ? infer('flight-delay', flights(1)) : infer('crowded', flights(1), { tenant: 'bb' }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(answers.map(({ body }) => (body as { model_name: string }).model_name)).toEqual(
      answers.map((_answer, i) => (i % 2 === 0 ? 'flight-delay' : 'crowded')),
    );
  });

  test('a version that can not be loaded says why, and when to try again', async () => {
    await place({ modelName: 'lost', artifactDigest: `sha256:${'0'.repeat(64)}` });
    const { data } = await realtime.event(modelStateChangedV1, { modelName: 'lost' });
    expect(data.state).toBe('failed');
    const answer = await infer('lost', flights(1));
    expect(answer.problem).toMatchObject({ status: 503, code: 'realtime.model_unavailable' });
    expect(answer.headers.get('retry-after')).toBe('1');
    const ready = await realtime.request(realtimeRoutes.modelReady, {
      tenant: 'aa',
      permissions: ['models:read'],
      params: { model: 'lost' },
    });
    expect(ready.status).toBe(503);
  });

  test('a new version takes over under load and not one request fails', async () => {
    await place({ modelName: 'swap' });
    await realtime.event(modelStateChangedV1, { modelName: 'swap', state: 'ready' });
    const seen = new Set<string>();
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) seen.add(((await infer('swap', flights(1))).body as Answer).model_version);
    };
    const clients = [client(), client(), client(), client()];
    await eventually(() => {
      expect(seen).toEqual(new Set(['1']));
    });
    await place(
      { modelName: 'swap', version: 2, generation: 2, parityDigest: await parityOf('forest') },
      fixture('forest.onnx'),
    );
    await realtime.event(modelStateChangedV1, { modelName: 'swap', state: 'ready', version: 2 });
    await eventually(() => {
      expect(seen).toEqual(new Set(['1', '2']));
    });
    isOver = true;
    await Promise.all(clients);
    expect(((await infer('swap', flights(1))).body as Answer).model_version).toBe('2');
  });

  test('explains where a version is, why, and what its loads cost, to its tenant alone', async () => {
    const explain = (model: string, tenant = 'aa', permissions = ['models:read']) =>
      realtime.request(servingRoutes.explainServing, { tenant, permissions, query: { model } });
    await infer('flight-delay', flights(1));
    const { body } = await explain('flight-delay');
    expect(body).toMatchObject({
      model: 'flight-delay',
      version: 1,
      replicaId: 'r0',
      rolloutId: 'rol_1',
      place: 'memory',
      runtime: 'inline',
      serving: null,
      pendingVersion: null,
      refusal: null,
      eviction: null,
      loads: [{ from: 'store', reason: '' }],
    });
    const { memoryBytes, uses, loads } = servingExplanationSchema.parse(body);
    expect(memoryBytes).toBeGreaterThan(0);
    expect(uses).toBeGreaterThan(0);
    expect(loads[0]?.tookMs).toBeGreaterThan(0);
    expect((await explain('flight-delay', 'bb')).problem).toMatchObject({
      status: 404,
      code: 'realtime.model_not_found',
    });
    expect((await explain('flight-delay', 'aa', ['costs:read'])).problem.code).toBe('realtime.permission_missing');
    await place({ modelName: 'refused', artifactDigest: `sha256:${'1'.repeat(64)}` });
    await realtime.event(modelStateChangedV1, { modelName: 'refused' });
    await infer('refused', flights(1));
    const refused = servingExplanationSchema.parse((await explain('refused')).body);
    expect(refused).toMatchObject({ place: 'store', memoryBytes: 0, refusal: { version: 1 } });
    expect(refused.refusal?.reason).toContain(refused.loads[0]?.reason ?? 'nothing');
    expect(refused.reason).toContain('its last load failed');
  });

  test('a removed model is gone', async () => {
    await place({ modelName: 'brief' });
    await realtime.event(modelStateChangedV1, { modelName: 'brief', state: 'ready' });
    await place({ modelName: 'brief', generation: 2, status: 'removed' });
    await realtime.event(modelStateChangedV1, { modelName: 'brief', state: 'unloaded' });
    expect((await infer('brief', flights(1))).status).toBe(404);
  });

  test('meters requests, rows and errors, and samples predictions', async () => {
    await place({ modelName: 'metered', tenantId: 'bb', version: 4 });
    await realtime.event(modelStateChangedV1, { modelName: 'metered', state: 'ready' });
    await infer('metered', flights(5), { tenant: 'bb' });
    await infer('metered', flights(2), { tenant: 'bb' });
    await infer('metered', { inputs: [] }, { tenant: 'bb' });
    await eventually(() => {
      const windows = realtime.eventsOf(usageMeteredV1).filter(({ data }) => data.modelName === 'metered');
      const sum = (of: 'requests' | 'rows' | 'errors' | 'computeMicros'): number =>
        windows.reduce((total, { data }) => total + data[of], 0);
      expect([sum('requests'), sum('rows'), sum('errors')]).toEqual([3, 7, 1]);
      expect(sum('computeMicros')).toBeGreaterThan(0);
      expect(windows[0]).toMatchObject({ tenantid: 'bb', data: { tenantId: 'bb', version: 4, replicaId: 'r0' } });
    });
    const { data } = await realtime.event(predictionSampledV1, { modelName: 'metered' });
    expect(data.inputs).toEqual({ month: [3, 3], hour: [17, 17], distance: [null, null], origin: ['JFK', 'JFK'] });
    expect(data.outputs['probability']).toHaveLength(2);
  });
});
