import { compareOutputs, PARITY_TOLERANCE } from '../runtime/compare-outputs.js';
import { OnnxRuntimeModel } from '../runtime/onnx-runtime-model.js';
import { stringAttribute } from '../skeleton/onnx-proto.js';
import type { Skeleton } from '../skeleton/skeleton.js';
import { splitModel, type SplitModel } from '../skeleton/split-model.js';
import { elementCount, rowCount, sliceRows, type SignatureView, type TensorMap } from '../tensors/tensor.js';
import { differenceOf, microsOf, toleranceOf, type Run } from './compare-ways.js';
import { edgeInputs } from './edge-inputs.js';
import { landmarksOf } from './landmarks.js';
import { ModelHost, type ModelParts } from './model-host.js';

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
  /** What it is hosted from. */
  readonly parts: ModelParts;
}

export interface ChoiceOptions {
  /** What the trainer recorded for the recorded inputs: a way that is too far from it is closed. The file itself is taken to be near. */
  readonly recordedOutputs?: TensorMap | undefined;
  /** Rows made up beside the recorded ones, at most; fewer where rows are large or slow. Default 240. */
  readonly generatedRows?: number;
  /** Time for measuring each way, milliseconds. Default 15. */
  readonly measureMs?: number;
}

/** Feeding weights costs some µs and saves a session's 50 to 150 KB: it is taken unless it is slower than this many times the whole, or by more than this. */
const MAX_SLOWDOWN_OF_INPUTS = 2;
const MAX_COST_OF_INPUTS_MICROS = 100;
/** Slower models are run in threads of their own, which hold them whole: so does everybody else, for the same bits. */
const MAX_SPLIT_MICROS = 2_000;
/** Larger files keep their weights: the runtime packs those it knows, which is worth more there than a session. */
const MAX_FED_BYTES = 1_048_576;
/** Made-up rows have at most so many values in all, and cost the file at most so long. */
const MAX_GENERATED_VALUES = 262_144;
const MAX_GENERATED_MICROS = 100_000;
/** A way that is slower than the file by so much is not even compared: a graph whose constants are fed may lose all that the runtime computes ahead. */
const HOPELESS_SLOWDOWN = 10;

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
    const trial = trialOf(whole, recorded, options, split);
    const wholeVerdict = { way: 'whole', micros: tryMicros(trial.reference, trial), reason: undefined } as const;
    if (typeof split === 'string') {
      const closed = (['kernel', 'inputs'] as const).map((way) => ({ way, micros: undefined, reason: split }));
      return { way: 'whole', verdicts: [wholeVerdict, ...closed], split: undefined, parts: { way: 'whole', file } };
    }
    const kernel = await tryWay('kernel', split, trial);
    const inputs =
      file.length <= MAX_FED_BYTES
        ? await tryWay('inputs', split, trial)
        : closed('inputs', `the file has ${file.length} bytes; weights of at most ${MAX_FED_BYTES} are fed`);
    const verdicts = [wholeVerdict, kernel, inputs];
    const way = chooseWay(verdicts);
    const parts: ModelParts =
      way === 'whole' ? { way, file } : { way, skeleton: split.skeleton.bytes, weights: split.weights };
    return { way, verdicts, split, parts };
  } finally {
    whole.dispose();
  }
}

interface Trial {
  readonly reference: Run;
  readonly samples: readonly TensorMap[];
  readonly recorded: { readonly inputs: TensorMap; readonly outputs: TensorMap } | undefined;
  readonly row: TensorMap;
  readonly measureMs: number;
}

function trialOf(
  whole: OnnxRuntimeModel,
  inputs: TensorMap | undefined,
  options: ChoiceOptions,
  split: SplitModel | string,
): Trial {
  const landmarks = typeof split === 'string' ? { floats: [], integers: [], texts: [] } : landmarksOf(split);
  const reference: Run = (given) => whole.runSync(given);
  const { recordedOutputs: outputs, generatedRows = 240, measureMs = 15 } = options;
  const one = edgeInputs(whole.signature, landmarks, 1);
  const rows = Math.min(
    generatedRows,
    affordableRows(whole.signature, tryMicros(reference, { row: one, measureMs: 1 })),
  );
  const generated = edgeInputs(whole.signature, landmarks, rows);
  return {
    reference,
    samples: [...(inputs === undefined ? [] : [inputs]), generated],
    recorded: inputs === undefined || outputs === undefined ? undefined : { inputs, outputs },
    row: sliceRows(inputs !== undefined && rowCount(inputs) > 0 ? inputs : generated, 0, 1),
    measureMs,
  };
}

/** An image model is not run on hundreds of rows: its own memory and time are the bound. */
function affordableRows(signature: SignatureView, micros: number | undefined): number {
  const values = signature.inputs.reduce((sum, { shape }) => sum + elementCount(shape.slice(1).map(Math.abs)), 0);
  const bySize = MAX_GENERATED_VALUES / Math.max(1, values);
  return Math.max(1, Math.floor(Math.min(bySize, MAX_GENERATED_MICROS / (micros ?? 1))));
}

const closed = (way: ServingWay, reason: string): WayVerdict => ({ way, micros: undefined, reason });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whatever keeps a file from being split, it is served whole. */
function trySplit(file: Uint8Array): SplitModel | string {
  try {
    return splitModel(file);
  } catch (error) {
    return messageOf(error);
  }
}

/** undefined where the row that times are taken on is itself refused. */
function tryMicros(run: Run, { row, measureMs }: Pick<Trial, 'row' | 'measureMs'>): number | undefined {
  try {
    return microsOf(run, row, measureMs);
  } catch {
    return undefined;
  }
}

/** Runs the model as a host does, and compares. A way that fails by itself is closed, as one that has no form for the graph. */
async function tryWay(way: 'kernel' | 'inputs', { skeleton, weights }: SplitModel, trial: Trial): Promise<WayVerdict> {
  const host = new ModelHost();
  try {
    const handle = await host.add({ way, skeleton: skeleton.bytes, weights });
    const run: Run = (inputs) => host.runSync(handle, inputs);
    const reason = slowness(run, trial) ?? objection(run, skeleton, trial);
    if (reason !== undefined) return closed(way, reason);
    const micros = tryMicros(run, trial);
    if (micros === undefined || micros <= MAX_SPLIT_MICROS) return { way, micros, reason };
    return closed(way, `a row takes ${Math.round(micros)} µs; at most ${MAX_SPLIT_MICROS} are run this way`);
  } catch (error) {
    return closed(way, messageOf(error));
  } finally {
    host.dispose();
  }
}

function slowness(run: Run, { reference, row }: Trial): string | undefined {
  const [whole, micros] = [reference, run].map((each) => tryMicros(each, { row, measureMs: 1 }));
  if (whole === undefined || micros === undefined || micros <= HOPELESS_SLOWDOWN * whole) return undefined;
  return `a row takes ${Math.round(micros)} µs; ${Math.round(whole)} by the file itself`;
}

/** Why a way may not be taken; undefined where it gives what it has to. */
function objection(run: Run, { graph }: Skeleton, { reference, samples, recorded }: Trial): string | undefined {
  const { nodes } = graph;
  const hasTransform = nodes.some((node) => stringAttribute(node, 'post_transform', 'NONE') !== 'NONE');
  const operators = nodes.map(({ domain, opType }) => `${domain}:${opType}`);
  const tolerance = toleranceOf(operators, hasTransform);
  for (const inputs of samples) {
    const reason = differenceOf(reference, run, inputs, tolerance);
    if (reason !== undefined) return reason;
  }
  if (recorded === undefined) return undefined;
  const { firstDifference: at } = compareOutputs(run(recorded.inputs), recorded.outputs, PARITY_TOLERANCE);
  return at && `not what the trainer recorded: output '${at.output}', value ${at.index}: ${at.detail}`;
}

/** The kernel where it is faster than the file in the runtime, else fed inputs where they cost little, else the file. */
export function chooseWay(verdicts: readonly WayVerdict[]): ServingWay {
  const microsOfOpen = (way: ServingWay, most = Infinity): number => {
    const verdict = verdicts.find((each) => each.way === way);
    const micros = verdict?.reason === undefined ? (verdict?.micros ?? Infinity) : Infinity;
    return micros <= most ? micros : Infinity;
  };
  const whole = microsOfOpen('whole');
  const kernel = microsOfOpen('kernel', MAX_SPLIT_MICROS);
  const inputs = microsOfOpen('inputs', MAX_SPLIT_MICROS);
  if (kernel <= whole && kernel <= inputs) return kernel === Infinity ? 'whole' : 'kernel';
  if (inputs <= Math.min(MAX_SLOWDOWN_OF_INPUTS * whole, whole + MAX_COST_OF_INPUTS_MICROS)) return 'inputs';
  return kernel <= whole ? 'kernel' : 'whole';
}
