import { compilePlan } from '../../src/kernels/compile-plan.js';
import { WeightMemory } from '../../src/kernels/frame.js';
import { recordOf } from '../../src/kernels/weight-record.js';
import { compareOutputs, OnnxRuntimeModel, splitModel, type TensorMap } from '../../src/index.js';
import type { Tolerance } from '../../src/runtime/compare-outputs.js';
import { readWeights } from '../../src/skeleton/check-weights.js';

/** Runs a file by kernels. */
export function kernelOf(file: Uint8Array): (inputs: TensorMap) => TensorMap {
  const { skeleton, weights } = splitModel(file);
  const plan = compilePlan(skeleton);
  const record = recordOf(plan.layout, readWeights(skeleton, weights));
  // not at the start, so that offsets matter
  const memory = new WeightMemory(new ArrayBuffer(Math.ceil((record.length + 64) / 8) * 8));
  memory.u8.set(record, 64);
  return (inputs) => plan.run(memory, 64, inputs);
}

/** What ONNX Runtime gives, rows as they come. */
export async function runtimeOf(file: Uint8Array): Promise<(inputs: TensorMap) => TensorMap> {
  const model = await OnnxRuntimeModel.load(file, { pairSingleRows: false });
  return (inputs) => model.runSync(inputs);
}

export function rowsOf(values: readonly (readonly number[])[]): TensorMap {
  return {
    x: { datatype: 'FP32', shape: [values.length, values[0]?.length ?? 0], data: Float32Array.from(values.flat()) },
  };
}

/** The first difference between kernel and runtime; undefined where there is none. */
export async function difference(file: Uint8Array, inputs: TensorMap, tolerance: Tolerance): Promise<unknown> {
  const run = await runtimeOf(file);
  return compareOutputs(kernelOf(file)(inputs), run(inputs), tolerance).firstDifference;
}
