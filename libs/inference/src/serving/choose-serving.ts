import { compilePlan } from '../kernels/compile-plan.js';
import { NoKernel } from '../kernels/compiler.js';
import { WeightMemory } from '../kernels/frame.js';
import { recordOf, type RecordLayout } from '../kernels/weight-record.js';
import { OnnxRuntimeModel } from '../runtime/onnx-runtime-model.js';
import { readWeights } from '../skeleton/check-weights.js';
import { stringAttribute } from '../skeleton/onnx-proto.js';
import type { Skeleton } from '../skeleton/skeleton.js';
import { splitModel, type SplitModel } from '../skeleton/split-model.js';
import { Unsplittable } from '../skeleton/unsplittable.js';
import { rowCount, sliceRows, type TensorMap } from '../tensors/tensor.js';
import { ProblemError } from '@myriad/kernel';
import { differenceOf, microsOf, toleranceOf, type Run } from './compare-ways.js';
import { edgeInputs } from './edge-inputs.js';
import { InputPlan } from './input-plan.js';
import { landmarksOf } from './landmarks.js';

/** `kernel`: typed arrays of ours; `inputs`: ONNX Runtime, one session a skeleton, weights fed; `whole`: ONNX Runtime on the file as it is. */
export type ServingWay = 'kernel' | 'inputs' | 'whole';

export interface WayVerdict {
  readonly way: ServingWay;
  /** Of one row; undefined where the way is closed. */
  readonly micros: number | undefined;
  /** Why it is closed; undefined where it is open. */
  readonly reason: string | undefined;
}

export interface ServingChoice {
  readonly way: ServingWay;
  /** All three ways, whole first. */
  readonly verdicts: readonly WayVerdict[];
  /** undefined where the model stays whole for lack of a skeleton. */
  readonly split: SplitModel | undefined;
}

export interface ChoiceOptions {
  /** Rows made up beside the recorded ones. Default 240. */
  readonly generatedRows?: number;
  /** Time for measuring each way, milliseconds. Default 15. */
  readonly measureMs?: number;
}

/** Feeding weights costs some µs and saves a session's 50 to 150 KB: it is taken unless it is slower than this many times the whole. */
const MAX_SLOWDOWN_OF_INPUTS = 2;

/**
 * Decides how a version is served: whole, unless another way gives what the untouched file gives in ONNX Runtime, on the recorded inputs and on made-up ones (edge values, the model's own
 * thresholds and categories), and costs less.
 * @throws {ProblemError} `inference.onnx_unrunnable` where the runtime refuses the file itself.
 */
export async function chooseServing(
  file: Uint8Array,
  recorded: TensorMap | undefined,
  options: ChoiceOptions = {},
): Promise<ServingChoice> {
  const whole = await OnnxRuntimeModel.load(file);
  try {
    const split = trySplit(file);
    const landmarks = typeof split === 'string' ? { floats: [], integers: [], texts: [] } : landmarksOf(split);
    const generated = edgeInputs(whole.signature, landmarks, options.generatedRows ?? 240);
    const trial: Trial = {
      reference: (inputs) => whole.runSync(inputs),
      samples: [...(recorded === undefined ? [] : [recorded]), generated],
      row: sliceRows(recorded !== undefined && rowCount(recorded) > 0 ? recorded : generated, 0, 1),
      measureMs: options.measureMs ?? 15,
    };
    const wholeVerdict = { way: 'whole', micros: tryMicros(trial.reference, trial), reason: undefined } as const;
    if (typeof split === 'string') {
      const closed = (['kernel', 'inputs'] as const).map((way) => ({ way, micros: undefined, reason: split }));
      return { way: 'whole', verdicts: [wholeVerdict, ...closed], split: undefined };
    }
    const verdicts = [wholeVerdict, tryKernel(split, trial), await tryInputs(split, trial)];
    return { way: choose(verdicts), verdicts, split };
  } finally {
    whole.dispose();
  }
}

interface Trial {
  readonly reference: Run;
  readonly samples: readonly TensorMap[];
  readonly row: TensorMap;
  readonly measureMs: number;
}

function trySplit(file: Uint8Array): SplitModel | string {
  try {
    return splitModel(file);
  } catch (error) {
    if (error instanceof Unsplittable || error instanceof ProblemError) return error.message;
    throw error;
  }
}

/** undefined where the row that times are taken on is itself refused. */
function tryMicros(run: Run, { row, measureMs }: Trial): number | undefined {
  try {
    return microsOf(run, row, measureMs);
  } catch {
    return undefined;
  }
}

function judge(way: ServingWay, run: Run, skeleton: Skeleton, trial: Trial): WayVerdict {
  const { nodes } = skeleton.graph;
  const hasTransform = nodes.some((node) => stringAttribute(node, 'post_transform', 'NONE') !== 'NONE');
  const tolerance = toleranceOf(
    nodes.map(({ domain, opType }) => `${domain}:${opType}`),
    hasTransform,
  );
  for (const inputs of trial.samples) {
    const reason = differenceOf(trial.reference, run, inputs, tolerance);
    if (reason !== undefined) return { way, micros: undefined, reason };
  }
  return { way, micros: tryMicros(run, trial), reason: undefined };
}

/** One record in memory of its own. */
function memoryOf(layout: RecordLayout, { skeleton, weights }: SplitModel): WeightMemory {
  const record = recordOf(layout, readWeights(skeleton, weights));
  const memory = new WeightMemory(new ArrayBuffer(Math.ceil(record.length / 8) * 8));
  memory.u8.set(record);
  return memory;
}

function tryKernel(split: SplitModel, trial: Trial): WayVerdict {
  try {
    const plan = compilePlan(split.skeleton);
    const memory = memoryOf(plan.layout, split);
    return judge('kernel', (inputs) => plan.run(memory, 0, inputs), split.skeleton, trial);
  } catch (error) {
    if (error instanceof NoKernel) return { way: 'kernel', micros: undefined, reason: error.message };
    throw error;
  }
}

async function tryInputs(split: SplitModel, trial: Trial): Promise<WayVerdict> {
  let plan: InputPlan;
  try {
    plan = await InputPlan.load(split.skeleton);
  } catch (error) {
    if (error instanceof Unsplittable || error instanceof ProblemError)
      return { way: 'inputs', micros: undefined, reason: error.message };
    throw error;
  }
  try {
    const memory = memoryOf(plan.layout, split);
    return judge('inputs', (inputs) => plan.run(memory, 0, inputs), split.skeleton, trial);
  } finally {
    plan.dispose();
  }
}

/** The kernel where it is faster than the file in the runtime, else fed inputs where they cost little, else the file. */
function choose(verdicts: readonly WayVerdict[]): ServingWay {
  const of = (way: ServingWay): WayVerdict | undefined => verdicts.find((verdict) => verdict.way === way);
  const microsOfOpen = (way: ServingWay): number => {
    const verdict = of(way);
    return verdict?.reason === undefined ? (verdict?.micros ?? Infinity) : Infinity;
  };
  const [whole, kernel, inputs] = [microsOfOpen('whole'), microsOfOpen('kernel'), microsOfOpen('inputs')];
  if (kernel <= whole && kernel <= inputs) return kernel === Infinity ? 'whole' : 'kernel';
  if (inputs <= MAX_SLOWDOWN_OF_INPUTS * whole) return 'inputs';
  return kernel <= whole ? 'kernel' : 'whole';
}
