import type { Skeleton } from '../skeleton/skeleton.js';
import { newTensorMap, type Tensor, type TensorMap } from '../tensors/tensor.js';
import { layoutOf, type RecordLayout } from '../kernels/weight-record.js';
import type { WeightMemory } from '../kernels/frame.js';
import { OnnxRuntimeModel } from '../runtime/onnx-runtime-model.js';
import { doubledRow, firstOfTwo, pairsRows } from '../runtime/single-rows.js';
import { FEED_VIEWS } from './feed-views.js';
import { lowerSkeleton, type LoweredSkeleton } from './lower-skeleton.js';

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
      const kind = FEED_VIEWS[dtype];
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
