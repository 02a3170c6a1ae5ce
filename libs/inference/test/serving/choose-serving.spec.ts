import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { chooseServing, ModelHost, type TensorMap } from '../../src/index.js';
import { chooseWay } from '../../src/serving/choose-serving.js';
import { differenceOf, toleranceOf } from '../../src/serving/compare-ways.js';
import { classical, floatTensor, INT64, intTensor, modelFile, plain, valueInfo } from '../classical-models.js';

const folder = `${import.meta.dirname}/../fixtures/shapes`;
const names = readdirSync(folder).map((name) => name.replace('.onnx', ''));
/** Forms without kernels, and why. */
const NO_KERNEL: Readonly<Record<string, RegExp>> = {
  naive_bayes: /Sub with a weight of shape/,
  svm: /SVMClassifier has weights that are not lifted/,
};

describe('the way to serve a model', () => {
  test.each(names)('%s: what is open gives what the runtime gives, what is closed says why', async (name) => {
    const { verdicts, way } = await chooseServing(readFileSync(`${folder}/${name}.onnx`), undefined, { measureMs: 2 });
    const kernel = verdicts.find((verdict) => verdict.way === 'kernel');
    const reason = NO_KERNEL[name];
    if (reason === undefined) expect(kernel?.reason).toBeUndefined();
    else expect(kernel?.reason).toMatch(reason);
    expect(verdicts.find((verdict) => verdict.way === way)?.reason).toBeUndefined();
    // what keeps inputs from being fed is a form, never a difference
    expect(verdicts.find((verdict) => verdict.way === 'inputs')?.reason ?? '').not.toMatch(/^output|^row/);
  });

  test('a small linear model is taken by its kernel', async () => {
    const choice = await chooseServing(readFileSync(`${folder}/lr_binary.onnx`), undefined);
    expect(choice.way).toBe('kernel');
    expect(choice.split?.weights.length).toBeLessThan(1_000);
  });

  test.each(['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'])('%s gives booleans, also to a cast', async (op) => {
    const nodes = [plain(op, [['x', 'w'], ['b']]), plain('Cast', [['b'], ['y']], { to: INT64 })];
    const file = modelFile(nodes, {
      inputs: [valueInfo('x', 2)],
      outputs: [valueInfo('b', 2, 9), valueInfo('y', 2, INT64)],
      initializers: [floatTensor('w', [2], [0, 1.5])],
    });
    const data = Float32Array.of(0, 1.5, -1, 2, NaN, NaN, 1e-30, -Infinity);
    const recorded: TensorMap = { x: { datatype: 'FP32', shape: [4, 2], data } };
    const { verdicts } = await chooseServing(file, recorded, { measureMs: 2 });
    expect(verdicts.find(({ way }) => way === 'kernel')?.reason).toBeUndefined();
  });

  test('recorded rows decide too: a way that differs on them is closed', async () => {
    // the runtime rounds an integer once, to single precision; the kernel by way of double precision
    const node = classical('Scaler', [['x'], ['y']], { offset: { floats: [2 ** 60] }, scale: { floats: [1] } });
    const file = modelFile([node], { inputs: [valueInfo('x', 1, INT64)], outputs: [valueInfo('y', 1)] });
    const kernelOf = async (value: bigint): Promise<string | undefined> => {
      const recorded: TensorMap = { x: { datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(value) } };
      const { verdicts } = await chooseServing(file, recorded, { measureMs: 2 });
      return verdicts.find(({ way }) => way === 'kernel')?.reason;
    };
    expect(await kernelOf(5n)).toBeUndefined();
    expect(await kernelOf(2n ** 60n + 2n ** 36n + 1n)).toMatch(
      /^output 'y', value 0: 0 was given, 137438953472 expected/,
    );
  });

  test('a way that is not what the trainer recorded is closed', async () => {
    const file = readFileSync(`${folder}/lr_binary.onnx`);
    const inputs: TensorMap = { X: { datatype: 'FP32', shape: [1, 32], data: new Float32Array(32).fill(0.5) } };
    const { parts } = await chooseServing(file, inputs, { measureMs: 2 });
    const host = new ModelHost();
    const recorded = (await host.load(parts)).runSync(inputs);
    host.dispose();
    const wayFor = async (change: number) => {
      const { data } = recorded['probabilities']!;
      const shifted = Float32Array.from(data as Float32Array, (p) => p + change);
      const recordedOutputs = { probabilities: { ...recorded['probabilities']!, data: shifted } };
      return chooseServing(file, inputs, { measureMs: 2, recordedOutputs });
    };
    expect((await wayFor(0)).way).toBe('kernel');
    const { verdicts, way } = await wayFor(1e-3);
    expect(way).toBe('whole');
    for (const { reason } of verdicts.slice(1)) expect(reason).toMatch(/^not what the trainer recorded: output/);
  });

  test('a model of large rows is tried on few of them', async () => {
    const shape = [-1, 3, 512, 512];
    const values = (name: string) => ({ name, elementType: 1, shape });
    const file = modelFile([plain('Relu', [['x'], ['y']])], { inputs: [values('x')], outputs: [values('y')] });
    const before = process.memoryUsage().rss;
    const { way } = await chooseServing(file, undefined, { measureMs: 1 });
    // 240 such rows are 755 MB
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
    expect(['whole', 'inputs']).toContain(way);
  });

  test('a model without rows stays with the runtime', async () => {
    const nodes = [plain('Reshape', [['x', 'shape'], ['r']]), plain('MatMul', [['r', 'w'], ['y']])];
    const initializers = [intTensor('shape', [2], [2, 2]), floatTensor('w', [2, 2], [1, 2, 3, 4])];
    const form = {
      inputs: [{ name: 'x', elementType: 1, shape: [4] }],
      outputs: [{ name: 'y', elementType: 1, shape: [2, 2] }],
      initializers,
    };
    const { verdicts, way } = await chooseServing(modelFile(nodes, form), undefined, { measureMs: 2 });
    expect(way).not.toBe('kernel');
    expect(verdicts.find((verdict) => verdict.way === 'kernel')?.reason).toMatch(/not rows of a width/);
  });

  test('a file that the runtime refuses is refused', async () => {
    const file = modelFile([plain('NoSuchOperator', [['x'], ['y']])], {
      inputs: [valueInfo('x', 1)],
      outputs: [valueInfo('y', 1)],
    });
    await expect(chooseServing(file, undefined)).rejects.toMatchObject({ code: 'inference.onnx_unrunnable' });
  });
});

describe('choosing by times', () => {
  test.each([
    ['the fastest', [9, 0.5, 12], 'kernel'],
    ['feeding where it costs little, for the memory', [9, 30, 12], 'inputs'],
    ['the file where feeding takes more than twice its time', [9, undefined, 19], 'whole'],
    ['the file where feeding costs more than 100 µs', [1_000, undefined, 1_150], 'whole'],
    ['the file for what is slow by all ways, since threads hold it whole', [9_000, 3_000, 9_050], 'whole'],
    ['the kernel where no row of the file could be timed', [undefined, 0.5, undefined], 'kernel'],
    ['the file where nothing could be timed', [undefined, undefined, undefined], 'whole'],
  ] as const)('takes %s', (_, micros, way) => {
    const verdicts = (['whole', 'kernel', 'inputs'] as const).map((each, at) => {
      return { way: each, micros: micros[at], reason: undefined };
    });
    expect(chooseWay(verdicts)).toBe(way);
  });
});

describe('comparing ways', () => {
  const inputs: TensorMap = { x: { datatype: 'FP32', shape: [3, 1], data: Float32Array.of(1, 2, 3) } };
  const run =
    (make: (x: number) => number) =>
    (given: TensorMap): TensorMap => {
      const x = given['x']!;
      return { y: { ...x, data: Float32Array.from(x.data as Float32Array, make) } };
    };

  test('the tolerance follows the operators', () => {
    expect(toleranceOf(['ai.onnx.ml:TreeEnsembleRegressor'], false).relative).toBe(0);
    expect(toleranceOf(['ai.onnx.ml:TreeEnsembleClassifier'], true)).toEqual({ absolute: 1e-6, relative: 1e-5 });
    expect(toleranceOf(['ai.onnx.ml:Scaler', ':MatMul'], false)).toEqual({ absolute: 1e-5, relative: 1e-5 });
  });

  test('a difference is told, equality is not', () => {
    expect(
      differenceOf(
        run((x) => x),
        run((x) => x),
        inputs,
        { absolute: 0, relative: 0 },
      ),
    ).toBeUndefined();
    expect(
      differenceOf(
        run((x) => x),
        run((x) => x + 1e-3),
        inputs,
        { absolute: 1e-5, relative: 0 },
      ),
    ).toMatch(/output 'y', value 0/);
  });

  test('where the runtime refuses a row, the other way has to refuse it as well, and the rest is compared', () => {
    const refuse2 = run((x) => {
      if (x === 2) throw new Error('2');
      return x;
    });
    expect(differenceOf(refuse2, refuse2, inputs, { absolute: 0, relative: 0 })).toBeUndefined();
    expect(
      differenceOf(
        refuse2,
        run((x) => x),
        inputs,
        { absolute: 0, relative: 0 },
      ),
    ).toBe('row 1: values are taken that the runtime refuses');
    expect(
      differenceOf(
        run((x) => x),
        refuse2,
        inputs,
        { absolute: 0, relative: 0 },
      ),
    ).toMatch(/values are refused that the runtime takes/);
  });
});
