import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { classical, floatTensor, INT64, modelFile, plain, TEXT, valueInfo } from '../classical-models.js';
import { difference, rowsOf } from './support.js';

const NEAR = { absolute: 1e-5, relative: 1e-5 };
const finite = fc.double({ min: -2, max: 2, noNaN: true }).map(Math.fround);
/** Numbers whose products and sums are exact in single precision: where the order of a sum decides between two classes, nobody is right. */
const exact = fc.integer({ min: -128, max: 128 }).map((n) => n / 64);
const list = (length: number, number = finite): fc.Arbitrary<number[]> =>
  fc.array(number, { minLength: length, maxLength: length });
const rows = (features: number, number = finite): fc.Arbitrary<number[][]> =>
  fc.array(list(features, number), { minLength: 1, maxLength: 20 });

const features = fc.integer({ min: 1, max: 40 });

async function agree<T>(
  arbitrary: fc.Arbitrary<T>,
  make: (value: T) => [Uint8Array, number[][]],
  numRuns = 50,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, async (value) => {
      const [file, values] = make(value);
      expect(await difference(file, rowsOf(values), NEAR)).toBeUndefined();
    }),
    { numRuns },
  );
}

const sized = (
  columns: number,
  number = finite,
): fc.Arbitrary<{ width: number; coefficients: number[]; intercepts: number[]; values: number[][] }> =>
  features.chain((width) =>
    fc.record({
      width: fc.constant(width),
      coefficients: list(width * columns, number),
      intercepts: list(columns, number),
      values: rows(width, number),
    }),
  );

describe('linear models by kernels give what the runtime gives', () => {
  test.each(['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO', 'PROBIT'])(
    'a classifier of three classes with %s',
    async (transform) => {
      await agree(sized(3, exact), ({ width, coefficients, intercepts, values }) => {
        const attributes = {
          classlabels_ints: [5, -7, 9007199254740991],
          coefficients: { floats: coefficients },
          intercepts: { floats: intercepts },
          post_transform: transform,
        };
        const node = classical('LinearClassifier', [['x'], ['label', 'scores']], attributes);
        return [
          modelFile([node], {
            inputs: [valueInfo('x', width)],
            outputs: [valueInfo('label', undefined, INT64), valueInfo('scores', 3)],
          }),
          values,
        ];
      });
    },
  );

  test.each([
    ['integers', { classlabels_ints: [3, 4] }, INT64],
    ['strings', { classlabels_strings: ['nein', 'ja'] }, TEXT],
  ] as const)('a classifier of one score and two labels that are %s', async (_, labels, type) => {
    await agree(sized(1, exact), ({ width, coefficients, intercepts, values }) => {
      const attributes = {
        ...labels,
        coefficients: { floats: coefficients },
        intercepts: { floats: intercepts },
        post_transform: 'LOGISTIC',
      };
      const node = classical('LinearClassifier', [['x'], ['label', 'scores']], attributes);
      return [
        modelFile([node], {
          inputs: [valueInfo('x', width)],
          outputs: [valueInfo('label', undefined, type), valueInfo('scores', 2)],
        }),
        values,
      ];
    });
  });

  test.each([1, 4])('a regressor of %d targets', async (targets) => {
    await agree(sized(targets), ({ width, coefficients, intercepts, values }) => {
      const attributes = { targets, coefficients: { floats: coefficients }, intercepts: { floats: intercepts } };
      const node = classical('LinearRegressor', [['x'], ['y']], attributes);
      return [modelFile([node], { inputs: [valueInfo('x', width)], outputs: [valueInfo('y', targets)] }), values];
    });
  });

  test('scaler, norm and regressor in a row', async () => {
    const pipeline = features.chain((width) =>
      fc.record({
        width: fc.constant(width),
        offset: list(width),
        scale: list(width),
        coefficients: list(width),
        norm: fc.constantFrom('MAX', 'L1', 'L2'),
        values: rows(width),
      }),
    );
    await agree(pipeline, ({ width, offset, scale, coefficients, norm, values }) => {
      const nodes = [
        classical('Scaler', [['x'], ['scaled']], { offset: { floats: offset }, scale: { floats: scale } }),
        classical('Normalizer', [['scaled'], ['normed']], { norm }),
        classical('LinearRegressor', [['normed'], ['y']], { targets: 1, coefficients: { floats: coefficients } }),
      ];
      return [modelFile(nodes, { inputs: [valueInfo('x', width)], outputs: [valueInfo('y', 1)] }), values];
    });
  });

  test('a dense network with every activation', async () => {
    const network = features.chain((width) =>
      fc.record({
        width: fc.constant(width),
        first: list(width * 5),
        bias: list(5),
        second: list(15),
        activation: fc.constantFrom('Relu', 'Tanh', 'Sigmoid', 'LeakyRelu'),
        values: rows(width),
      }),
    );
    await agree(network, ({ width, first, bias, second, activation, values }) => {
      const nodes = [
        plain('Gemm', [['x', 'a', 'b'], ['h']], { transB: 1 }),
        plain(activation, [['h'], ['g']]),
        plain('MatMul', [['g', 'c'], ['m']]),
        plain('Sub', [['one', 'm'], ['s']]),
        plain('Softmax', [['s'], ['y']], { axis: 1 }),
      ];
      const initializers = [
        floatTensor('a', [5, width], first),
        floatTensor('b', [5], bias),
        floatTensor('c', [5, 3], second),
        floatTensor('one', [], [1]),
      ];
      return [
        modelFile(nodes, { inputs: [valueInfo('x', width)], outputs: [valueInfo('y', 3)], initializers }),
        values,
      ];
    });
  });
});
