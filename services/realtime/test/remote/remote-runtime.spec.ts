import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Metadata, status } from '@grpc/grpc-js';
import type { TensorMap } from '@myriad/inference';
import { systemClock, tenantId } from '@myriad/kernel';
import { createLogger } from '@myriad/telemetry';
import { eventually } from '@myriad/testing';
import type { DetachedModel } from '../../src/application/model-loader.port.js';
import type { Placement } from '../../src/domain/placement.js';
import type { GrpcDoor } from '../../src/grpc/grpc-door.js';
import { RemoteRuntime, type RemoteRuntimeOptions } from '../../src/remote/remote-runtime.js';
import { RemoteServer } from '../../src/remote/remote-server.js';
import { openGrpc, startServing, type Serving } from '../serving.js';
import { StoreOfTest, fixture, placementOf } from '../support.js';
import { FaultyServer, type Message } from './faulty-server.js';

const aa = tenantId('aa');
const ROW = Int32Array.from({ length: 16 }, (_none, at) => at);
const inputs = (): TensorMap => ({
  INPUT0: { datatype: 'INT32', shape: [1, 16], data: ROW.slice() },
  INPUT1: { datatype: 'INT32', shape: [1, 16], data: ROW.slice() },
});

function newRuntime(port: number, more: Partial<RemoteRuntimeOptions> = {}, token?: string): RemoteRuntime {
  return new RemoteRuntime({
    server: new RemoteServer({ url: `grpc://127.0.0.1:${port}`, token }),
    bytes: new StoreOfTest(),
    logger: createLogger({ service: 'realtime', level: 'silent' }),
    clock: systemClock,
    line: { waitingPerTenant: 100, maxWaitMs: 60_000, clock: systemClock },
    inFlight: 4,
    ...more,
  });
}

describe('RemoteRuntime, against the gRPC port of another replica', () => {
  let serving: Serving;
  let door: GrpcDoor;
  let runtime: RemoteRuntime;
  const store = new StoreOfTest();
  beforeAll(async () => {
    serving = await startServing();
    await serving.place('aa.simple', 'simple.onnx');
    await serving.place('aa.forest', 'forest.onnx');
    const opened = await openGrpc(serving.harness);
    door = opened.door;
    const token = await serving.harness.token('aa', { perms: ['predictions:invoke'] });
    runtime = newRuntime(opened.port, { bytes: store }, token);
  }, 60_000);
  afterAll(async () => {
    runtime.close();
    await door.close();
    await serving.close();
  });

  test('a model there answers here, all outputs or those that are asked for', async () => {
    const model = await runtime.load(placementOf({ modelName: 'simple' }, fixture('simple.onnx')), false);
    const { outputs, inferMicros } = await model.run({ tenantId: aa, inputs: inputs(), rows: 1 });
    expect(outputs['OUTPUT0']).toEqual({ datatype: 'INT32', shape: [1, 16], data: ROW.map((value) => 2 * value) });
    expect(inferMicros).toBeGreaterThan(0);
    const one = await model.run({ tenantId: aa, inputs: inputs(), rows: 1, outputs: ['OUTPUT1'] });
    expect(Object.keys(one.outputs)).toEqual(['OUTPUT1']);
  });

  test('what the trainer recorded is compared as it is loaded', async () => {
    const [file, recorded] = [fixture('forest.onnx'), fixture('forest.parity.json')];
    const placement = (parity: Buffer): Placement =>
      placementOf({ modelName: 'forest', parityDigest: store.put('aa', parity) }, file);
    await runtime.load(placement(recorded), false);
    const wrong = JSON.parse(recorded.toString()) as { outputs: { datatype: string; data: number[] }[] };
    for (const output of wrong.outputs) if (output.datatype === 'FP32') output.data = output.data.map((v) => v + 0.5);
    await expect(runtime.load(placement(Buffer.from(JSON.stringify(wrong))), false)).rejects.toThrow(
      "the remote server's outputs are not what the trainer recorded",
    );
  });

  test('a model that is not there, or has another signature, is not loaded', async () => {
    const simple = fixture('simple.onnx');
    await expect(runtime.load(placementOf({ modelName: 'other' }, simple), true)).rejects.toThrow(
      "no model 'aa.other' with version 1",
    );
    await expect(runtime.load(placementOf({ modelName: 'forest' }, simple), true)).rejects.toThrow("has no 'INPUT0'");
  });
});

describe('RemoteRuntime, against a server with faults', () => {
  let server: FaultyServer;
  let port: number;
  let runtime: RemoteRuntime;
  let model: DetachedModel;
  const simple = placementOf({ modelName: 'simple' }, fixture('simple.onnx'));
  const tensor = (name: string, more: Message = {}): Message => ({ name, datatype: 'INT32', shape: [1, 16], ...more });
  const raw = Buffer.from(ROW.buffer);
  const right = { outputs: [tensor('OUTPUT0'), tensor('OUTPUT1')], raw_output_contents: [raw, raw] };
  const ask = (more = {}) => model.run({ tenantId: aa, inputs: inputs(), rows: 1, ...more });
  beforeEach(async () => {
    server = new FaultyServer();
    Object.assign(server.answers, {
      ServerReady: () => ({ ready: true }),
      ModelReady: () => ({ ready: true }),
      ModelMetadata: () => ({
        inputs: [tensor('INPUT0'), tensor('INPUT1')],
        outputs: [tensor('OUTPUT0'), tensor('OUTPUT1')],
      }),
      ModelInfer: () => right,
    });
    port = await server.start();
    runtime = newRuntime(port);
    model = await runtime.load(simple, true);
  });
  afterEach(() => {
    runtime.close();
    server.stop();
  });

  test('knows models by tenant and name, and reads typed contents too', async () => {
    let asked: Message = {};
    server.answers['ModelInfer'] = (message) => {
      asked = message;
      const contents = { int_contents: [...ROW] };
      return { outputs: [tensor('OUTPUT0', { contents }), tensor('OUTPUT1', { contents })] };
    };
    const { outputs } = await ask();
    expect(outputs['OUTPUT1']?.data).toEqual(ROW);
    expect(asked).toMatchObject({
      model_name: 'aa.simple',
      model_version: '1',
      inputs: [tensor('INPUT0'), tensor('INPUT1')],
    });
  });

  test.each([
    ['an output that is missing', { outputs: [tensor('OUTPUT0')], raw_output_contents: [raw] }],
    [
      'another type',
      { outputs: [tensor('OUTPUT0', { datatype: 'FP32' }), tensor('OUTPUT1')], raw_output_contents: [raw, raw] },
    ],
    [
      'another size',
      { outputs: [tensor('OUTPUT0', { shape: [1, 15] }), tensor('OUTPUT1')], raw_output_contents: [raw, raw] },
    ],
    [
      'a negative size',
      { outputs: [tensor('OUTPUT0', { shape: [-1, 16] }), tensor('OUTPUT1')], raw_output_contents: [raw, raw] },
    ],
    ['fewer bytes', { ...right, raw_output_contents: [raw.subarray(1), raw] }],
    ['no values', { outputs: [tensor('OUTPUT0'), tensor('OUTPUT1')] }],
  ])('an answer with %s is refused and never passed on', async (_what, answer) => {
    server.answers['ModelInfer'] = () => answer;
    await expect(ask()).rejects.toMatchObject({ code: 'realtime.runtime_failed', kind: 'unavailable' });
  });

  test.each([
    [status.RESOURCE_EXHAUSTED, 'realtime.overloaded', 'unavailable'],
    [status.INVALID_ARGUMENT, 'inference.run_failed', 'unprocessable'],
    [status.INTERNAL, 'realtime.runtime_failed', 'unavailable'],
    [status.UNAUTHENTICATED, 'realtime.runtime_failed', 'unavailable'],
  ])('status %i becomes %s', async (code, problem, kind) => {
    const metadata = new Metadata();
    metadata.set('grpc-retry-pushback-ms', '2500');
    server.answers['ModelInfer'] = () => ({ code, metadata });
    await expect(ask()).rejects.toMatchObject({
      code: problem,
      kind,
      ...(code === status.RESOURCE_EXHAUSTED && { retryAfterSeconds: 3 }),
    });
    expect(server.calls['ModelInfer']).toBe(1);
  });

  test('what the server was not ready for is asked again, but a server in trouble is spared', async () => {
    let failures = 2;
    server.answers['ModelInfer'] = () => (failures-- > 0 ? { code: status.UNAVAILABLE } : right);
    await ask();
    expect(server.calls['ModelInfer']).toBe(3);
    server.answers['ModelInfer'] = () => ({ code: status.UNAVAILABLE });
    for (let i = 0; i < 10; i += 1)
      await expect(ask()).rejects.toMatchObject({ code: 'realtime.runtime_lost', retryable: true });
    expect(server.calls['ModelInfer']).toBeLessThanOrEqual(3 + 10 + 8);
  });

  test('a server that comes back is used again', async () => {
    server.stop();
    await expect(ask()).rejects.toMatchObject({ code: 'realtime.runtime_lost' });
    await server.start(port);
    await eventually(() => ask());
  });

  test('the deadline goes with the call, and a client that leaves takes its call along', async () => {
    server.answers['ModelInfer'] = () => 'never';
    await expect(ask({ deadlineMs: Date.now() + 100 })).rejects.toMatchObject({ code: 'realtime.deadline_exceeded' });
    let hasLeft = false;
    const asked = ask({ isGone: () => hasLeft });
    await eventually(() => {
      expect(server.calls['ModelInfer']).toBe(2);
    });
    const before = server.cancelled;
    hasLeft = true;
    await expect(asked).rejects.toMatchObject({ code: 'realtime.client_gone' });
    await eventually(() => {
      expect(server.cancelled).toBeGreaterThan(before);
    });
  });

  test('no more calls are under way than may be', async () => {
    server.answers['ModelInfer'] = () => 'never';
    const asked = Array.from({ length: 10 }, () => ask({ deadlineMs: Date.now() + 500 }).catch(() => undefined));
    await eventually(() => {
      expect(runtime.state).toMatchObject({ running: 4, waiting: 6 });
    });
    await eventually(() => {
      expect(server.calls['ModelInfer']).toBe(4);
    });
    await Promise.all(asked);
  });

  test('a server or a model that is not ready is not taken in', async () => {
    server.answers['ModelReady'] = () => ({ ready: false });
    await expect(runtime.load(simple, true)).rejects.toThrow('that is ready');
    expect(server.calls['RepositoryModelLoad']).toBe(1);
    server.answers['ServerReady'] = () => ({ ready: false });
    await expect(runtime.load(simple, true)).rejects.toThrow('not ready');
  });
});
