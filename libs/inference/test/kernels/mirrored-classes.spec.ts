import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ModelHost, splitModel, type TensorMap } from '../../src/index.js';
import { compilePlan } from '../../src/kernels/compile-plan.js';
import { WeightMemory } from '../../src/kernels/frame.js';
import { recordOf } from '../../src/kernels/weight-record.js';
import { readWeights } from '../../src/skeleton/check-weights.js';
import { INT64, classical, modelFile, valueInfo } from '../classical-models.js';

interface Weights {
  readonly coefficients: readonly number[];
  readonly intercepts: readonly number[];
  readonly transform?: string;
  readonly labels?: readonly number[];
}

function classifier({ coefficients, intercepts, transform = 'LOGISTIC', labels = [0, 1] }: Weights): Uint8Array {
  const classes = intercepts.length;
  const node = classical('LinearClassifier', [['x'], ['label', 'scores']], {
    classlabels_ints: [...labels],
    coefficients: { floats: [...coefficients] },
    intercepts: { floats: [...intercepts] },
    post_transform: transform,
  });
  const outputs = [valueInfo('label', undefined, INT64), valueInfo('scores', classes)];
  return modelFile([node], { inputs: [valueInfo('x', coefficients.length / classes)], outputs });
}

const mirrored = (w: readonly number[], b: number, more: Partial<Weights> = {}): Uint8Array =>
  classifier({ coefficients: [...w.map((one) => -one), ...w], intercepts: [-b, b], ...more });

/** What the kernels give for the whole record. */
function wholeAnswer(file: Uint8Array, inputs: TensorMap): TensorMap {
  const { skeleton, weights } = splitModel(file);
  const plan = compilePlan(skeleton);
  const record = recordOf(plan.layout, readWeights(skeleton, weights));
  const memory = new WeightMemory(new ArrayBuffer(Math.ceil(record.length / 8) * 8));
  memory.u8.set(record);
  return plan.run(memory, 0, inputs);
}

async function hosted(file: Uint8Array, inputs: TensorMap) {
  const { skeleton, weights } = splitModel(file);
  const host = new ModelHost();
  // as bytes lie that came over a wire: at no multiple of anything
  const blob = Buffer.concat([Buffer.alloc(1), weights]).subarray(1);
  const handle = await host.add({ way: 'kernel', skeleton: skeleton.bytes, weights: blob });
  return { answer: host.runSync(handle, inputs), bytes: host.memoryBytes(handle) };
}

const inputsOf = (rows: readonly (readonly number[])[]): TensorMap => ({
  x: { datatype: 'FP32', shape: [rows.length, rows[0]?.length ?? 0], data: Float32Array.from(rows.flat()) },
});

describe('two classes whose weights mirror each other', () => {
  test('give bit for bit what both would give, in half the memory', async () => {
    const float = fc.oneof(
      fc.float(),
      fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1e-45, -1e-45, 3e38, -3e38),
      fc.float({ min: -4, max: 4 }),
    );
    const row = fc.array(float, { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(row, float, fc.array(row, { minLength: 1, maxLength: 5 }), async (w, b, rows) => {
        const file = mirrored(w, b, { labels: [7, -3] });
        const inputs = inputsOf(rows);
        const { answer, bytes } = await hosted(file, inputs);
        const expected = wholeAnswer(file, inputs);
        expect(answer['label']?.data).toEqual(expected['label']?.data);
        const bits = ({ data }: NonNullable<TensorMap[string]>) =>
          new Uint32Array((data as Float32Array).slice().buffer);
        expect(bits(answer['scores']!)).toEqual(bits(expected['scores']!));
        // labels 16, weights 3 × 4, intercept 4, and what finding it takes; a NaN need not mirror another
        if (![...w, b].some(Number.isNaN)) expect(bytes).toBe(32 + 20);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['weights that do not', classifier({ coefficients: [1, 2, 3, 4], intercepts: [-1, 1] })],
    ['one weight that does not', classifier({ coefficients: [-1, -2, 1, 2.5], intercepts: [-1, 1] })],
    ['another transform', mirrored([1, 2], 1, { transform: 'SOFTMAX' })],
    ['none', mirrored([1, 2], 1, { transform: 'NONE' })],
  ])('are not taken for %s', async (_what, file) => {
    const inputs = inputsOf([[0.5, -2]]);
    const { answer, bytes } = await hosted(file, inputs);
    expect(answer).toEqual(wholeAnswer(file, inputs));
    expect(bytes).toBe(40 + 20);
  });
});
