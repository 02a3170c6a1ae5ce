import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compareOutputs,
  EXACT,
  isBatchInvariant,
  ModelHost,
  OnnxRuntimeModel,
  sliceRows,
  splitModel,
  type TensorMap,
} from '../../src/index.js';
import { edgeInputs } from '../../src/serving/edge-inputs.js';
import { readSafetensors, SafetensorsError, writeSafetensors } from '../../src/skeleton/safetensors.js';
import { classical, modelFile, valueInfo } from '../classical-models.js';

const fixture = (name: string): Buffer => readFileSync(`${import.meta.dirname}/../fixtures/shapes/${name}.onnx`);

/** y = x × slope + offset: every model answers differently. */
function line(slope: number, offset: number): Uint8Array {
  const node = classical('LinearRegressor', [['x'], ['y']], {
    targets: 1,
    coefficients: { floats: [slope] },
    intercepts: { floats: [offset] },
  });
  return modelFile([node], { inputs: [valueInfo('x', 1)], outputs: [valueInfo('y', 1)] });
}

const row = (x: number): TensorMap => ({ x: { datatype: 'FP32', shape: [1, 1], data: Float32Array.of(x) } });

describe('a host of models', () => {
  let host = new ModelHost();
  afterEach(() => {
    host.dispose();
    host = new ModelHost();
  });

  test.each(['kernel', 'inputs', 'whole'] as const)('runs a model by %s', async (way) => {
    const file = line(3, 1);
    const { skeleton, weights } = splitModel(file);
    const handle = await host.add(way === 'whole' ? { way, file } : { way, skeleton: skeleton.bytes, weights });
    expect(host.runSync(handle, row(2))['y']).toEqual({ datatype: 'FP32', shape: [1, 1], data: Float32Array.of(7) });
    expect(host.memoryBytes(handle)).toBeGreaterThan(0);
  });

  test('a thousand models of one skeleton take one skeleton and some bytes each', async () => {
    const first = splitModel(line(0, 0));
    const digest = await host.prepare('kernel', first.skeleton.bytes);
    const handles = Array.from({ length: 1_000 }, (_, i) =>
      host.addWeights('kernel', digest, splitModel(line(i, -i)).weights),
    );
    expect(host.skeletons).toBe(1);
    expect(host.memoryBytes(handles[0]!)).toBeLessThanOrEqual(36);
    for (const [i, handle] of handles.entries()) expect(host.runSync(handle, row(2))['y']?.data[0]).toBe(i);
  });

  test('skeletons of which no model is left are dropped once many are', async () => {
    const wide = (width: number): Uint8Array => {
      const node = classical('LinearRegressor', [['x'], ['y']], {
        targets: 1,
        coefficients: { floats: Array.from({ length: width }, () => 1) },
        intercepts: { floats: [width] },
      });
      return modelFile([node], { inputs: [valueInfo('x', width)], outputs: [valueInfo('y', 1)] });
    };
    const load = (width: number) => {
      const { skeleton, weights } = splitModel(wide(width));
      return host.load({ way: 'kernel', skeleton: skeleton.bytes, weights });
    };
    const kept = await load(1);
    for (let width = 2; width < 102; width += 1) (await load(width)).dispose();
    expect(host.skeletons).toBe(65);
    expect(host.isPrepared('kernel', splitModel(wide(2)).skeleton.digest)).toBe(false);
    expect(kept.runSync(row(2))['y']?.data[0]).toBe(3);
    const inputs = { x: { datatype: 'FP32', shape: [1, 2], data: Float32Array.of(4, 5) } } as const;
    expect((await load(2)).runSync(inputs)['y']?.data[0]).toBe(11);
  });

  test('a model that was disposed of twice takes no other’s place', async () => {
    const { skeleton, weights } = splitModel(line(3, 1));
    const parts = { way: 'kernel', skeleton: skeleton.bytes, weights } as const;
    const first = await host.load(parts);
    first.dispose();
    const second = await host.load(parts);
    first.dispose();
    expect(second.runSync(row(2))['y']?.data[0]).toBe(7);
    expect(() => first.runSync(row(2))).toThrow(RangeError);
    expect(second.signature.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 1] }]);
  });

  test('no model ever answers for another, whatever is added, removed and run', async () => {
    const step = fc.oneof(
      fc.record({ slope: fc.integer({ min: -1000, max: 1000 }), way: fc.constantFrom('kernel', 'inputs') }),
      fc.record({ remove: fc.nat() }),
      fc.record({ run: fc.nat(), x: fc.integer({ min: -100, max: 100 }) }),
    );
    const { skeleton } = splitModel(line(0, 0));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 100 }), async (steps) => {
        const own = new ModelHost();
        const live: [handle: number, slope: number][] = [];
        for (const item of steps) {
          if ('slope' in item) {
            const parts = {
              way: item.way,
              skeleton: skeleton.bytes,
              weights: splitModel(line(item.slope, 0.5)).weights,
            };
            live.push([await own.add(parts), item.slope]);
          } else if (live.length === 0) continue;
          else if ('remove' in item) own.remove(live.splice(item.remove % live.length, 1)[0]![0]);
          else {
            const [handle, slope] = live[item.run % live.length]!;
            expect(own.runSync(handle, row(item.x))['y']?.data[0]).toBe(slope * item.x + 0.5);
          }
        }
        own.dispose();
      }),
      { numRuns: 30 },
    );
  });

  test('answers are the caller’s to keep: the next run does not change them', async () => {
    const { skeleton, weights } = splitModel(line(3, 1));
    const handle = await host.add({ way: 'kernel', skeleton: skeleton.bytes, weights });
    const first = host.runSync(handle, row(2));
    host.runSync(handle, row(5));
    expect(first['y']?.data[0]).toBe(7);
  });

  test.each(['lr_scaled', 'lr_string_labels', 'forest_classes', 'boosting_binary', 'columns_onehot', 'mlp'])(
    '%s: a row alone gets the bits it has in any batch',
    async (name) => {
      const model = await OnnxRuntimeModel.load(fixture(name));
      const split = splitModel(fixture(name));
      const inputs = edgeInputs(model.signature, { floats: [0.5], integers: [1, 2, 3], texts: ['Ulm', 'Graz'] }, 64);
      const handle = await host.add({ way: 'kernel', skeleton: split.skeleton.bytes, weights: split.weights });
      const whole = host.runSync(handle, inputs);
      for (let i = 0; i < 64; i += 1) {
        const alone = host.runSync(handle, sliceRows(inputs, i, i + 1));
        expect(compareOutputs(alone, sliceRows(whole, i, i + 1), EXACT).firstDifference).toBeUndefined();
      }
      expect(await isBatchInvariant(model, inputs)).toBe(true);
      model.dispose();
    },
  );

  test('only the outputs asked for are given', async () => {
    const { skeleton, weights } = splitModel(fixture('lr_binary'));
    const handle = await host.add({ way: 'kernel', skeleton: skeleton.bytes, weights });
    const inputs = { X: { datatype: 'FP32', shape: [2, 32], data: new Float32Array(64) } } as const;
    expect(Object.keys(host.runSync(handle, inputs, ['label']))).toEqual(['label']);
    expect(Object.keys(host.runSync(handle, inputs))).toEqual(['label', 'probabilities']);
  });

  test.each([
    ['an input that is missing', {}],
    ['an input of another type', { x: { datatype: 'FP64', shape: [1, 1], data: new Float64Array(1) } }],
    ['rows of another width', { x: { datatype: 'FP32', shape: [1, 2], data: new Float32Array(2) } }],
    ['data shorter than its shape', { x: { datatype: 'FP32', shape: [4, 1], data: new Float32Array(1) } }],
  ] as const)('%s is refused', async (_, inputs) => {
    const { skeleton, weights } = splitModel(line(3, 1));
    const handle = await host.add({ way: 'kernel', skeleton: skeleton.bytes, weights });
    expect(() => host.runSync(handle, inputs as unknown as TensorMap)).toThrow(
      expect.objectContaining({ code: 'inference.run_failed' }),
    );
  });

  test('weights are read right whatever order their tensors lie in, before and after others of the usual order', async () => {
    const { skeleton, weights } = splitModel(line(3, 1));
    const reversed = (blob: Uint8Array): Uint8Array => {
      const tensors = readSafetensors(blob).toReversed();
      return writeSafetensors(tensors);
    };
    const blobs = [reversed(weights), weights, reversed(weights), splitModel(line(5, 1)).weights, reversed(weights)];
    const answers: unknown[] = [];
    for (const blob of blobs) {
      const handle = await host.add({ way: 'kernel', skeleton: skeleton.bytes, weights: blob });
      answers.push(host.runSync(handle, row(2))['y']?.data[0]);
    }
    expect(answers).toEqual([7, 7, 7, 11, 7]);
  });

  test('no rows give no rows', async () => {
    const { skeleton, weights } = splitModel(line(3, 1));
    const handle = await host.add({ way: 'kernel', skeleton: skeleton.bytes, weights });
    const none = { x: { datatype: 'FP32', shape: [0, 1], data: new Float32Array(0) } } as const;
    expect(host.runSync(handle, none)['y']).toEqual({ datatype: 'FP32', shape: [0, 1], data: new Float32Array(0) });
  });

  test('weights of another skeleton are refused, and a skeleton that is not prepared', async () => {
    const { skeleton } = splitModel(line(3, 1));
    const other = splitModel(fixture('lr_binary'));
    await expect(host.add({ way: 'kernel', skeleton: skeleton.bytes, weights: other.weights })).rejects.toThrow(
      SafetensorsError,
    );
    await expect(host.add({ way: 'kernel', skeleton: skeleton.bytes, weights: writeSafetensors([]) })).rejects.toThrow(
      SafetensorsError,
    );
    expect(() => host.addWeights('inputs', skeleton.digest, other.weights)).toThrow(RangeError);
  });
});
