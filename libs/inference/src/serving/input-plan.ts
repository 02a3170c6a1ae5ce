import type { Dtype } from '../skeleton/safetensors.js';
import type { Skeleton } from '../skeleton/skeleton.js';
import { newTensorMap, type Datatype, type Tensor, type TensorData, type TensorMap } from '../tensors/tensor.js';
import { layoutOf, type RecordLayout } from '../kernels/weight-record.js';
import type { WeightMemory } from '../kernels/frame.js';
import { OnnxRuntimeModel } from '../runtime/onnx-runtime-model.js';
import { doubledRow, firstOfTwo, pairsRows } from '../runtime/single-rows.js';
import { lowerSkeleton, type LoweredSkeleton } from './lower-skeleton.js';

/** Typed views of weights where they lie. */
const VIEWS: Partial<
  Record<Dtype, { datatype: Datatype; view: (b: ArrayBuffer, at: number, n: number) => TensorData; bytes: number }>
> = {
  F32: { datatype: 'FP32', view: (b, at, n) => new Float32Array(b, at, n), bytes: 4 },
  F64: { datatype: 'FP64', view: (b, at, n) => new Float64Array(b, at, n), bytes: 8 },
  F16: { datatype: 'FP16', view: (b, at, n) => new Uint16Array(b, at, n), bytes: 2 },
  I64: { datatype: 'INT64', view: (b, at, n) => new BigInt64Array(b, at, n), bytes: 8 },
  I32: { datatype: 'INT32', view: (b, at, n) => new Int32Array(b, at, n), bytes: 4 },
  I8: { datatype: 'INT8', view: (b, at, n) => new Int8Array(b, at, n), bytes: 1 },
  U8: { datatype: 'UINT8', view: (b, at, n) => new Uint8Array(b, at, n), bytes: 1 },
};

/** Whether ONNX Runtime can be fed such weights. */
export function isFeedable(dtype: Dtype): boolean {
  return VIEWS[dtype] !== undefined;
}

/** A skeleton in ONNX Runtime, one session for all its models: weights are fed as inputs, views of the slab. */
export class InputPlan {
  readonly layout: RecordLayout;
  private readonly pairs: boolean;

  private constructor(
    private readonly lowered: LoweredSkeleton,
    private readonly session: OnnxRuntimeModel,
    skeleton: Skeleton,
  ) {
    this.layout = layoutOf(skeleton.weights);
    this.pairs = pairsRows(lowered.operators, skeleton.signature);
  }

  /** @throws {Unsplittable} where attributes hold weights that no input can stand for; {ProblemError} `inference.onnx_unrunnable`. */
  static async load(skeleton: Skeleton): Promise<InputPlan> {
    const lowered = lowerSkeleton(skeleton);
    return new InputPlan(lowered, await OnnxRuntimeModel.load(lowered.bytes, { pairSingleRows: false }), skeleton);
  }

  /** Runs the model whose weights lie at `start`. @throws {ProblemError} `inference.run_failed`. */
  run(memory: WeightMemory, start: number, inputs: TensorMap, outputs?: readonly string[]): TensorMap {
    const doubled = this.pairs ? doubledRow(inputs) : undefined;
    const feeds = newTensorMap();
    const given = doubled ?? inputs;
    for (const name in given) feeds[name] = given[name] as Tensor;
    for (const { name, index, dtype, shape, count } of this.lowered.feeds) {
      const kind = VIEWS[dtype];
      if (kind === undefined) continue;
      const at = start + (this.layout.offsets[index] as number);
      feeds[name] = { datatype: kind.datatype, shape, data: kind.view(memory.buffer, at, count) };
    }
    const answer = this.session.runSync(feeds, outputs);
    if (doubled === undefined) return answer;
    return firstOfTwo(answer) ?? this.session.runSync({ ...feeds, ...inputs }, outputs);
  }

  dispose(): void {
    this.session.dispose();
  }
}
