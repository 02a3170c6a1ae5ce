import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  checkParity,
  compareOutputs,
  EXACT,
  inspectOnnxBytes,
  isBatchInvariant,
  measureLatency,
  OnnxRuntimeModel,
  parseParity,
  sliceRows,
  type ParityRecord,
  type TensorMap,
} from '../src/index.js';
import { encodeModel, graphOf, node, value } from './onnx-encoder.js';

const fixture = (name: string): Buffer => readFileSync(`${import.meta.dirname}/fixtures/${name}`);

describe.each(['logistic', 'forest'])('a %s pipeline', (name) => {
  let model: OnnxRuntimeModel;
  let parity: ParityRecord;

  beforeAll(async () => {
    model = await OnnxRuntimeModel.load(fixture(`${name}.onnx`));
    parity = parseParity(fixture(`${name}.parity.json`), model.signature);
  });
  afterAll(() => {
    model.dispose();
  });

  test('has the signature that the inspection read without running it', () => {
    expect(model.signature).toEqual(inspectOnnxBytes(fixture(`${name}.onnx`)).signature);
  });

  test('gives what scikit-learn gave, missing values and strings included', () => {
    expect([...parity.inputs['distance']!.data].some(Number.isNaN)).toBe(true);
    const comparison = checkParity(model, parity);
    expect(comparison).toMatchObject({ isEqual: true, comparedValues: 128 });
    expect(comparison.maxAbsoluteDifference).toBeLessThan(1e-6);
  });

  test('is found out when the recorded outputs are another model’s', () => {
    const probability = parity.outputs['probability']!;
    const shifted = { ...probability, data: Float32Array.from(probability.data as Float32Array, (p) => p + 1e-3) };
    const comparison = checkParity(model, { inputs: parity.inputs, outputs: { probability: shifted } });
    expect(comparison.isEqual).toBe(false);
    expect(comparison.firstDifference).toMatchObject({ output: 'probability', index: 0 });
  });

  test('gives a row the same bits alone as in a batch of any size', async () => {
    expect(await isBatchInvariant(model, parity.inputs)).toBe(true);
    const whole = await model.run(parity.inputs);
    for (let size = 1; size <= 64; size += 1) {
      const part = await model.run(sliceRows(parity.inputs, 64 - size, 64));
      expect(compareOutputs(part, sliceRows(whole, 64 - size, 64), EXACT).firstDifference).toBeUndefined();
    }
  });

  test('computes only the outputs asked for', async () => {
    expect(Object.keys(await model.run(parity.inputs, ['probability']))).toEqual(['probability']);
  });
});

describe('OnnxRuntimeModel', () => {
  const row = (values: readonly number[]): TensorMap => ({
    x: { datatype: 'FP32', shape: [values.length / 8, 8], data: Float32Array.from(values) },
  });

  test('a network runs and its latency can be measured', async () => {
    const model = await OnnxRuntimeModel.load(fixture('mlp.onnx'));
    const inputs = row(Array.from({ length: 64 }, (_, i) => Math.sin(i)));
    expect((await model.run(inputs))['y']?.shape).toEqual([8, 1]);
    expect(await isBatchInvariant(model, inputs)).toBe(true);
    const latency = await measureLatency(model, inputs, 50);
    expect(latency.runs).toBe(50);
    expect(latency.p50Micros).toBeGreaterThan(0);
    expect(latency.p99Micros).toBeGreaterThanOrEqual(latency.p50Micros);
    model.dispose();
  });

  test('a model whose rows look at each other is not batch-invariant', async () => {
    const axes = { attribute: [{ name: 'axes', ints: [0], type: 7 }] };
    const bytes = encodeModel(graphOf([node('ReduceMax', ['x'], ['m'], axes), node('Sub', ['x', 'm'], ['y'])]));
    const model = await OnnxRuntimeModel.load(bytes);
    const inputs: TensorMap = {
      x: { datatype: 'FP32', shape: [3, 4], data: Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6]) },
    };
    expect(await isBatchInvariant(model, inputs)).toBe(false);
    model.dispose();
  });

  test('a model of a fixed batch is not batch-invariant and runs single rows as they are', async () => {
    const model = await OnnxRuntimeModel.load(
      encodeModel(graphOf([node('Relu', ['x'], ['y'])], { input: [value('x', [1, 4])], output: [value('y', [1, 4])] })),
    );
    const inputs: TensorMap = { x: { datatype: 'FP32', shape: [1, 4], data: Float32Array.from([-1, 2, -3, 4]) } };
    expect(await isBatchInvariant(model, inputs)).toBe(false);
    expect((await model.run(inputs))['y']).toEqual({
      datatype: 'FP32',
      shape: [1, 4],
      data: Float32Array.from([0, 2, 0, 4]),
    });
    model.dispose();
  });

  test.each([
    ['INT64', 7, BigInt64Array.from([1n, -2n, 3n, 9_007_199_254_740_993n])],
    ['INT32', 6, Int32Array.from([1, -2, 3, 4])],
    ['INT16', 5, Int16Array.from([1, -2, 3, 4])],
    ['INT8', 3, Int8Array.from([1, -2, 3, 4])],
    ['UINT8', 2, Uint8Array.from([1, 2, 3, 255])],
    ['UINT16', 4, Uint16Array.from([1, 2, 3, 65_535])],
    ['UINT32', 12, Uint32Array.from([1, 2, 3, 4_294_967_295])],
    ['UINT64', 13, BigUint64Array.from([1n, 2n, 3n, 18_446_744_073_709_551_615n])],
    ['BF16', 16, Uint16Array.from([0x3f80, 0xc000, 0x0001, 0x7f7f])],
    ['BOOL', 9, Uint8Array.from([1, 0, 1, 0])],
    ['FP16', 10, Uint16Array.from([0x3c00, 0xc000, 0x0001, 0x7bff])],
    ['FP64', 11, Float64Array.from([0.1, -2, 3, 4])],
    ['BYTES', 8, ['a', '', 'ä€𝄞', 'd']],
  ] as const)('%s goes in and comes out bit for bit', async (datatype, elemType, data) => {
    const graph = graphOf([node('Identity', ['x'], ['y'])], {
      input: [value('x', [-1, 4], elemType)],
      output: [value('y', [-1, 4], elemType)],
    });
    const model = await OnnxRuntimeModel.load(encodeModel(graph));
    expect(model.signature.inputs[0]?.datatype).toBe(datatype);
    const x = { datatype, shape: [1, 4], data: Array.isArray(data) ? [...data] : data } as TensorMap[string];
    expect((await model.run({ x }))['y']).toEqual(x);
    model.dispose();
  });

  test('a model that the runtime can’t run is refused with its reason', async () => {
    await expect(
      OnnxRuntimeModel.load(encodeModel(graphOf([node('NoSuchOperator', ['x'], ['y'])]))),
    ).rejects.toMatchObject({
      kind: 'unprocessable',
      code: 'inference.onnx_unrunnable',
      message: expect.stringContaining('NoSuchOperator'),
    });
    await expect(OnnxRuntimeModel.load(Buffer.from('not a model'))).rejects.toMatchObject({
      code: 'inference.onnx_unrunnable',
    });
  });

  test('values the model can’t take are a refusal, and the model goes on', async () => {
    const graph = graphOf([node('Gather', ['t', 'x'], ['y'])], {
      input: [value('x', [-1], 7)],
      output: [value('y', [-1])],
      initializer: [{ name: 't', dataType: 1, dims: [2], floatData: [5, 6] }],
    });
    const model = await OnnxRuntimeModel.load(encodeModel(graph));
    const index = (i: bigint): TensorMap => ({ x: { datatype: 'INT64', shape: [1], data: BigInt64Array.from([i]) } });
    await expect(model.run(index(7n))).rejects.toMatchObject({ code: 'inference.run_failed', kind: 'unprocessable' });
    expect((await model.run(index(1n)))['y']?.data).toEqual(Float32Array.from([6]));
    model.dispose();
    model.dispose();
    await expect(model.run(index(1n))).rejects.toMatchObject({ code: 'inference.run_failed', kind: 'unavailable' });
  });
});
