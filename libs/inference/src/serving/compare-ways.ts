import { rowCount, sliceRows, type TensorMap } from '../tensors/tensor.js';
import { compareOutputs, type Tolerance } from '../runtime/compare-outputs.js';

/** Runs a model. */
export type Run = (inputs: TensorMap) => TensorMap;

/** Operators that only move, pick, compare or add up in the runtime's own order: bit for bit. */
const EXACT_OPERATORS = new Set(
  (
    'ai.onnx.ml:Imputer ai.onnx.ml:OneHotEncoder ai.onnx.ml:LabelEncoder ai.onnx.ml:Binarizer ai.onnx.ml:FeatureVectorizer ai.onnx.ml:ArrayFeatureExtractor ai.onnx.ml:Normalizer ' +
    'ai.onnx.ml:Scaler ai.onnx.ml:TreeEnsembleRegressor ai.onnx.ml:TreeEnsembleClassifier :Identity :Reshape :Flatten :Squeeze :Unsqueeze :Concat :Cast :Gather :ArgMax :Add :Sub :Mul ' +
    ':Div :Relu :Neg :Abs :Clip :LeakyRelu'
  ).split(' '),
);

/** Of trees' transforms, and of all that ends in an exponential or a logarithm: the libraries' functions differ in their last bits. */
const TRANSFORM: Tolerance = { absolute: 1e-6, relative: 1e-5 };
/** Of sums of products, whose order is not ours: MatMul, Gemm, linear models. */
const PRODUCT: Tolerance = { absolute: 1e-5, relative: 1e-5 };
const EXACT_ONLY: Tolerance = { absolute: 1e-30, relative: 0 };

const PRODUCTS = new Set(['ai.onnx.ml:LinearClassifier', 'ai.onnx.ml:LinearRegressor', ':MatMul', ':Gemm']);

/** How near outputs must come, by the operators of a graph (`domain:operator`; the default domain is empty). Integers and strings are always equal. */
export function toleranceOf(operators: readonly string[], hasTransform: boolean): Tolerance {
  if (operators.some((name) => PRODUCTS.has(name))) return PRODUCT;
  return hasTransform || operators.some((name) => !EXACT_OPERATORS.has(name)) ? TRANSFORM : EXACT_ONLY;
}

/** What keeps a way from being taken; undefined when it gives what the reference gives. */
export function differenceOf(
  reference: Run,
  candidate: Run,
  inputs: TensorMap,
  tolerance: Tolerance,
): string | undefined {
  const expected = outcomeOf(reference, inputs);
  // a value that is refused fails its whole batch: then rows are tried one by one
  if (expected === undefined) return differenceByRow(reference, candidate, inputs, tolerance);
  return compare(outcomeOf(candidate, inputs), expected, tolerance);
}

function outcomeOf(run: Run, inputs: TensorMap): TensorMap | undefined {
  try {
    return run(inputs);
  } catch {
    return undefined;
  }
}

function compare(
  given: TensorMap | undefined,
  expected: TensorMap | undefined,
  tolerance: Tolerance,
): string | undefined {
  if (given === undefined || expected === undefined)
    return given === expected
      ? undefined
      : `values are ${given === undefined ? 'refused' : 'taken'} that the runtime ${given === undefined ? 'takes' : 'refuses'}`;
  const { isEqual, firstDifference } = compareOutputs(given, expected, tolerance);
  return isEqual || firstDifference === undefined
    ? undefined
    : `output '${firstDifference.output}', value ${firstDifference.index}: ${firstDifference.detail}`;
}

function differenceByRow(reference: Run, candidate: Run, inputs: TensorMap, tolerance: Tolerance): string | undefined {
  for (let row = 0; row < rowCount(inputs); row += 1) {
    const one = sliceRows(inputs, row, row + 1);
    const difference = compare(outcomeOf(candidate, one), outcomeOf(reference, one), tolerance);
    if (difference !== undefined) return `row ${row}: ${difference}`;
  }
  return undefined;
}

const MIN_BATCHES = 20;
/** Of these one ran undisturbed, however busy the machine. */
const FEWEST_BATCHES = 5;
const BATCH_MS = 0.3;

/** Microseconds of one run, the fastest of several batches: what else happens on the machine only adds. Takes about `budgetMs`, and up to 20 times that, or five runs, on a machine that is busy. */
export function microsOf(run: Run, inputs: TensorMap, budgetMs = 15): number {
  let best = Infinity;
  let size = 1;
  const start = performance.now();
  for (let batches = 0; ; batches += 1) {
    const before = performance.now();
    for (let i = 0; i < size; i += 1) run(inputs);
    const now = performance.now();
    best = Math.min(best, ((now - before) * 1_000) / size);
    const elapsed = now - start;
    if ((elapsed > budgetMs && batches >= MIN_BATCHES) || (elapsed > 20 * budgetMs && batches >= FEWEST_BATCHES))
      return best;
    if (now - before < BATCH_MS) size *= 2;
  }
}
