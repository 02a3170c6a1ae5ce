import { afterAll, describe, expect, test } from '@jest/globals';
import { OnnxRuntimeModel, sliceRows, type TensorMap } from '@myriad/inference';
import { systemClock, tenantId } from '@myriad/kernel';
import { createLogger } from '@myriad/telemetry';
import { eventually } from '@myriad/testing';
import { program } from '../../../../libs/inference/test/threads/thread-program.js';
import type { DetachedModel } from '../../src/application/model-loader.port.js';
import { WorkerRuntime } from '../../src/workers/worker-runtime.js';
import { StoreOfTest, fixture, placementOf } from '../support.js';

const file = fixture('shapes/mlp.onnx');
const aa = tenantId('aa');

const open: WorkerRuntime[] = [];
afterAll(() => Promise.all(open.map((runtime) => runtime.close())));

function setUp(workers = 1) {
  const store = new StoreOfTest();
  const digest = store.put('aa', file);
  const runtime = new WorkerRuntime({
    bytes: store,
    logger: createLogger({ service: 'realtime', level: 'silent' }),
    line: { waitingPerTenant: 1_000, maxWaitMs: 60_000, clock: systemClock },
    workers,
    cores: 2,
    program,
  });
  open.push(runtime);
  const placement = (more = {}) => placementOf({ artifactDigest: digest, sizeBytes: file.length, ...more }, file);
  return { store, runtime, placement };
}

const [input] = placementOf({}, file).signature.inputs;
const width = input?.shape[1] ?? 0;
const rows = (count: number, seed: number): TensorMap => ({
  [input?.name ?? '']: {
    datatype: 'FP32',
    shape: [count, width],
    data: Float32Array.from({ length: count * width }, (_none, at) => Math.sin(seed * 31 + at)),
  },
});
const ask = (model: DetachedModel, seed: number, count = 1) =>
  model.run({ tenantId: aa, inputs: rows(count, seed), rows: count });

describe('WorkerRuntime', () => {
  test('many at once run in fewer runs, each with the answer that it gets alone', async () => {
    const { runtime, placement } = setUp();
    const model = await runtime.load(placement(), false);
    expect(model.memoryBytes).toBeGreaterThanOrEqual(file.length);
    const here = await OnnxRuntimeModel.load(file);
    const round = () => Promise.all(Array.from({ length: 200 }, (_none, at) => ask(model, at, 1 + (at % 3))));
    await round();
    const answers = await round();
    for (const [at, { outputs, inferMicros }] of answers.entries()) {
      expect(inferMicros).toBeGreaterThan(0);
      expect(outputs).toEqual({ ...here.runSync(rows(1 + (at % 3), at)) });
    }
    const { runs, ran } = runtime.state;
    expect(ran).toBe(400);
    expect(runs).toBeLessThan(ran);
    here.dispose();
    model.dispose();
    expect(runtime.state.models).toBe(0);
  });

  test('models are spread over threads, and one that must not be batched runs each request alone', async () => {
    const { runtime, placement } = setUp(2);
    const [first, second] = await Promise.all([
      runtime.load(placement({ batchInvariant: false }), true),
      runtime.load(placement(), true),
    ]);
    await Promise.all(Array.from({ length: 50 }, (_none, at) => ask(first, at)));
    expect(runtime.state).toMatchObject({ runs: 50, ran: 50, models: 2 });
    expect(sliceRows((await ask(second, 1, 2)).outputs, 0, 1)).toEqual({ ...(await ask(first, 1)).outputs });
  });

  test('a thread that dies fails what it was asked, retryably; another takes its place and brings its models in again', async () => {
    const { runtime, placement, store } = setUp();
    const model = await runtime.load(placement(), false);
    const expected = (await ask(model, 7)).outputs;
    const asked = Array.from({ length: 20 }, (_none, at) => ask(model, at));
    await runtime.killOne();
    const outcomes = await Promise.allSettled(asked);
    const lost = outcomes.filter(({ status }) => status === 'rejected');
    expect(lost.length).toBeGreaterThan(0);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'realtime.runtime_lost', retryable: true });
    expect(await eventually(async () => (await ask(model, 7)).outputs)).toEqual(expected);
    expect(runtime.state.lost).toBe(1);
    // in the store's absence it says so, and goes on when the store is back
    store.failure = new Error('away');
    await runtime.killOne();
    await eventually(async () => {
      await expect(ask(model, 7)).rejects.toMatchObject({ code: 'realtime.runtime_lost' });
    });
    store.failure = undefined;
    expect(await eventually(async () => (await ask(model, 7)).outputs)).toEqual(expected);
  });

  test('what does not give what its trainer recorded is not loaded', async () => {
    const { runtime, store } = setUp();
    const [forest, parity] = [fixture('forest.onnx'), fixture('forest.parity.json')];
    const parityDigest = store.put('aa', parity);
    store.put('aa', forest);
    const right = await runtime.load(placementOf({ parityDigest }, forest), false);
    right.dispose();
    const wrong = JSON.parse(parity.toString()) as { outputs: { datatype: string; data: number[] }[] };
    for (const output of wrong.outputs) if (output.datatype === 'FP32') output.data = output.data.map((v) => v + 0.5);
    const wrongDigest = store.put('aa', Buffer.from(JSON.stringify(wrong)));
    await expect(runtime.load(placementOf({ parityDigest: wrongDigest }, forest), false)).rejects.toThrow(
      'its outputs are not what the trainer recorded',
    );
    expect(runtime.state.models).toBe(0);
  });
});
