import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  modelStateChangedV1,
  placementChangedV1,
  realtimeRoutes,
  servingRoutes,
  usageMeteredV1,
} from '@myriad/contracts';
import { tenantId } from '@myriad/kernel';
import { makeEvent, toRecord } from '@myriad/messaging';
import { eventually } from '@myriad/testing';
import { startServing, type Serving } from '../serving.js';
import { fixture, flights, placementOf } from '../support.js';

const REQUESTS = 120;

describe('a version that is tried', () => {
  let serving: Serving;
  let served: ReturnType<typeof placementOf>;
  let tried: ReturnType<typeof placementOf>;
  let generation = 0;
  let modelName = '';
  beforeAll(async () => {
    serving = await startServing();
  });
  afterAll(() => serving.close());
  beforeEach(async () => {
    generation = 0;
    modelName = `m${Math.random().toString(36).slice(2)}`;
    served = placementOf({ modelName });
    tried = placementOf({ modelName, version: 2 }, fixture('forest.onnx'));
    for (const file of ['logistic.onnx', 'forest.onnx'])
      await serving.harness.parts.objects.put(tenantId('aa'), fixture(file));
    await tell(served);
  });

  /** Says where the model is, and waits until `change` and what is tried beside it are in memory. */
  const tell = async (change: ReturnType<typeof placementOf>) => {
    generation += 1;
    const data = { ...change, generation };
    const event = makeEvent(placementChangedV1, { tenantId: 'aa', data, source: 'deployer' });
    await serving.harness.parts.log.append([toRecord(event, placementChangedV1)]);
    for (const { version } of [change, ...(change.candidate ? [change.candidate] : [])])
      await serving.harness.event(modelStateChangedV1, { modelName, version, generation, state: 'ready' });
  };
  const tryAs = (mode: 'canary' | 'shadow', percent: number) =>
    tell({ ...served, candidate: { ...tried, mode, percent } });
  const ask = async (headers: Record<string, string> = {}, version?: string) => {
    const answer = await serving.harness.request(version ? realtimeRoutes.inferVersion : realtimeRoutes.infer, {
      tenant: 'aa',
      params: { model: modelName, ...(version && { version }) },
      anyBody: flights(1),
      headers,
    });
    return answer.status === 200 ? Number((answer.body as { model_version: string }).model_version) : answer.status;
  };
  const explain = async () => {
    const query = { model: modelName };
    const permissions = ['models:read'];
    return (await serving.harness.request(servingRoutes.explainServing, { tenant: 'aa', query, permissions })).body;
  };
  /** Which version answers each of many keys. */
  const byKey = () =>
    Promise.all(Array.from({ length: REQUESTS }, (_none, key) => ask({ 'x-canary-key': `user-${key}` })));
  const share = (answers: readonly number[]): number => answers.filter((version) => version === 2).length / REQUESTS;

  test('as a canary answers its share of the requests, the same keys always, and of more when the share grows', async () => {
    await tryAs('canary', 20);
    const first = await byKey();
    expect(share(first)).toBeGreaterThan(0.05);
    expect(share(first)).toBeLessThan(0.4);
    expect(await byKey()).toEqual(first);
    await tryAs('canary', 60);
    const more = await byKey();
    expect(share(more)).toBeGreaterThan(0.4);
    expect(first.every((version, key) => version === 1 || more[key] === 2)).toBe(true);
    const { trial } = await explain();
    expect(trial).toMatchObject({ mode: 'canary', percent: 60, isInMemory: true, tried: { version: 2, failures: 0 } });
    expect((trial?.served.requests ?? 0) + (trial?.tried.requests ?? 0)).toBe(3 * REQUESTS);
  });

  test('as a canary can be asked by its number, and answers all once it is promoted; back it goes at once', async () => {
    await tryAs('canary', 0);
    expect(await ask()).toBe(1);
    expect(await ask({}, '2')).toBe(2);
    await tell(tried);
    expect(await ask()).toBe(2);
    await tell(served);
    expect(await ask({}, '2')).toBe(404);
    expect(await ask()).toBe(1);
  });

  test('as a shadow answers nobody, is compared, and metered apart', async () => {
    await tryAs('shadow', 100);
    for (let request = 0; request < 20; request += 1) expect(await ask()).toBe(1);
    expect(await ask({}, '2')).toBe(404);
    await eventually(async () => {
      const { trial } = await explain();
      expect(trial).toMatchObject({ mode: 'shadow', served: { requests: 20 }, tried: { requests: 20 } });
      expect(trial?.comparison).toMatchObject({ compared: 20, different: 20, failed: 0, skipped: 0 });
      expect(trial?.comparison.maxDifference).toBeGreaterThan(0);
    });
    await eventually(() => {
      const counts = { shadow: 0, answers: 0 };
      for (const { data } of serving.harness.eventsOf(usageMeteredV1))
        if (data.modelName === modelName) counts[data.isShadow === true ? 'shadow' : 'answers'] += data.requests;
      expect(counts).toEqual({ shadow: 20, answers: 20 });
    });
  });

  test('that can not be loaded costs no request', async () => {
    tried = placementOf({ modelName, version: 2, artifactDigest: `sha256:${'0'.repeat(64)}` });
    generation += 1;
    const data = { ...served, generation, candidate: { ...tried, mode: 'canary' as const, percent: 100 } };
    const event = makeEvent(placementChangedV1, { tenantId: 'aa', data, source: 'deployer' });
    await serving.harness.parts.log.append([toRecord(event, placementChangedV1)]);
    await serving.harness.event(modelStateChangedV1, { modelName, version: 2, state: 'failed' });
    for (let request = 0; request < 10; request += 1) expect(await ask()).toBe(1);
    expect((await explain()).trial).toMatchObject({ isInMemory: false });
  });
});
