import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { realtimeRoutes, type RouteDefinition } from '@myriad/contracts';
import { ModelCache } from '../../src/application/model-cache.js';
import { startServing, type Serving } from '../serving.js';
import { flights } from '../support.js';

describe('what the protocol says of models', () => {
  let serving: Serving;
  beforeAll(async () => {
    serving = await startServing();
    await serving.place('simple', 'simple.onnx', { version: 3 });
    await serving.place('flight-delay', 'logistic.onnx');
    await serving.place('foreign', 'simple.onnx', { tenantId: 'bb' });
  }, 60_000);
  afterAll(() => serving.close());

  const ask = <R extends RouteDefinition>(
    route: R,
    model?: string,
    more: { tenant?: string; anyBody?: object; version?: number } = {},
  ) => {
    const { version, ...rest } = more;
    return serving.harness.request(route, {
      tenant: 'aa',
      permissions: ['predictions:invoke'],
      params: { ...(model === undefined ? {} : { model }), ...(version === undefined ? {} : { version }) },
      ...rest,
    });
  };

  test('a configuration leaves the batch out of the dimensions', async () => {
    const { body } = await ask(realtimeRoutes.modelConfig, 'simple');
    expect(body).toMatchObject({
      name: 'simple',
      max_batch_size: 100_000,
      version_policy: { specific: { versions: [3] } },
      input: [
        { name: 'INPUT0', data_type: 'TYPE_INT32', dims: [16] },
        { name: 'INPUT1', data_type: 'TYPE_INT32', dims: [16] },
      ],
    });
    const other = await ask(realtimeRoutes.modelVersionConfig, 'flight-delay', { version: 1 });
    expect(other.body).toMatchObject({
      input: [{ data_type: 'TYPE_FP32' }, {}, {}, { data_type: 'TYPE_STRING', dims: [1] }],
      output: [{ name: 'label', dims: [1], reshape: { shape: [] } }, { name: 'probability' }],
    });
    expect((await ask(realtimeRoutes.modelVersionConfig, 'simple', { version: 2 })).status).toBe(404);
  });

  test('statistics count rows, runs, failures and time', async () => {
    const statistics = async () =>
      (await ask(realtimeRoutes.modelStatistics, 'flight-delay')).body as { model_stats: object[] };
    expect((await statistics()).model_stats).toMatchObject([{ version: '1', execution_count: 0, last_inference: 0 }]);
    const infer = (body: object) => ask(realtimeRoutes.infer, 'flight-delay', { anyBody: body });
    await infer(flights(5));
    await infer(flights(2));
    await infer({ inputs: [] });
    const [counted] = (await statistics()).model_stats as [{ inference_stats: Record<string, { ns: number }> }];
    expect(counted).toMatchObject({
      inference_count: 7,
      execution_count: 2,
      inference_stats: { success: { count: 2 }, fail: { count: 1 }, compute_infer: { count: 2 } },
    });
    expect(counted.inference_stats['compute_infer']!.ns).toBeGreaterThan(0);
    const { ns } = counted.inference_stats['success']!;
    expect(ns).toBeGreaterThanOrEqual(counted.inference_stats['compute_infer']!.ns);
  });

  test("the repository is the tenant's own", async () => {
    const names = async (tenant: string) =>
      ((await ask(realtimeRoutes.repositoryIndex, undefined, { tenant })).body as { name: string }[]).map(
        ({ name }) => name,
      );
    expect((await names('aa')).sort()).toEqual(['flight-delay', 'simple']);
    expect(await names('bb')).toEqual(['foreign']);
    expect(await names('cc')).toEqual([]);
    for (const route of [realtimeRoutes.loadModel, realtimeRoutes.unloadModel])
      expect((await ask(route, 'foreign')).problem).toMatchObject({ status: 404, code: 'realtime.model_not_found' });
  });

  test('an unload frees memory, a load and a request bring the model back', async () => {
    const loaded = (): number => serving.harness.get(ModelCache).state.models;
    const before = loaded();
    expect(
      (await ask(realtimeRoutes.unloadModel, 'simple', { anyBody: { parameters: { unload_dependents: false } } }))
        .status,
    ).toBe(200);
    expect(loaded()).toBe(before - 1);
    expect((await ask(realtimeRoutes.loadModel, 'simple')).status).toBe(200);
    expect(loaded()).toBe(before);
    await ask(realtimeRoutes.unloadModel, 'simple');
    expect((await ask(realtimeRoutes.modelReady, 'simple')).status).toBe(200);
    expect(loaded()).toBe(before);
  });

  test('a load with a configuration or files of its own is refused', async () => {
    const answer = await ask(realtimeRoutes.loadModel, 'simple', { anyBody: { parameters: { config: '{}' } } });
    expect(answer.problem).toMatchObject({ status: 501, code: 'realtime.unsupported' });
    expect(answer.problem.detail).toContain('config');
  });

  test('settings of the process are told, and not changed', async () => {
    expect((await ask(realtimeRoutes.traceSetting)).body).toMatchObject({ trace_level: ['OFF'] });
    expect((await ask(realtimeRoutes.updateTraceSetting, undefined, { anyBody: { trace_level: null } })).status).toBe(
      200,
    );
    expect(
      (await ask(realtimeRoutes.updateTraceSetting, undefined, { anyBody: { trace_level: ['MAX'] } })).problem.code,
    ).toBe('realtime.unsupported');
    expect((await ask(realtimeRoutes.updateLogSetting, undefined, { anyBody: { log_info: true } })).status).toBe(200);
    expect((await ask(realtimeRoutes.updateLogSetting, undefined, { anyBody: { log_info: false } })).status).toBe(501);
  });
});
