import { describe, expect, test } from '@jest/globals';
import { denseProduct } from '../../src/kernels/dense-product.js';

const SIZES = [1, 2, 3, 4, 5, 7, 8, 13];
const random = (length: number): Float32Array => Float32Array.from({ length }, () => Math.random() * 2 - 1);

/** One score as its definition has it: even and odd features apart, in double precision. */
function score(x: Float32Array, weight: (feature: number) => number): number {
  const sums: [number, number] = [0, 0];
  for (const [feature, value] of x.entries()) sums[feature % 2 === 0 ? 0 : 1] += value * weight(feature);
  return sums[0] + sums[1];
}

describe('a product of rows and weights', () => {
  test.each([true, false])(
    'gives each score in every bit, whatever comes beside it (transposed: %s)',
    (isTransposed) => {
      for (const features of SIZES)
        for (const columns of SIZES)
          for (const rows of SIZES) {
            const [x, w, w0] = [random(rows * features), random(3 + features * columns + columns), 3];
            const [bias0, stride] = [w0 + features * columns, columns + 1];
            const y = new Float32Array(rows * stride);
            denseProduct({ features, columns, isTransposed })({ rows, x, w, w0, bias0, biasStep: 1, y, stride });
            const expected = new Float32Array(y.length);
            for (let row = 0; row < rows; row += 1)
              for (let column = 0; column < columns; column += 1)
                expected[row * stride + column] =
                  score(x.subarray(row * features, (row + 1) * features), (feature) =>
                    isTransposed ? w[w0 + column * features + feature]! : w[w0 + feature * columns + column]!,
                  ) + w[bias0 + column]!;
            expect(Buffer.from(y.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
          }
    },
  );

  test('adds one bias to all columns, or none', () => {
    const [x, w, y] = [Float32Array.of(2), Float32Array.of(3, 5, 7), new Float32Array(2)];
    const product = denseProduct({ features: 1, columns: 2, isTransposed: true });
    product({ rows: 1, x, w, w0: 0, bias0: 2, biasStep: 0, y, stride: 2 });
    expect([...y]).toEqual([13, 17]);
    product({ rows: 1, x, w, w0: 0, bias0: -1, biasStep: 0, y, stride: 2 });
    expect([...y]).toEqual([6, 10]);
  });
});
