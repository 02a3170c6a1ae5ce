import type { ProtoGraph } from './onnx-proto.js';
import type { Dtype } from './safetensors.js';

/** Attributes of classical operators that hold what was learned. What is not listed stays in the skeleton. */
export const LIFTED_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  LinearClassifier: ['coefficients', 'intercepts', 'classlabels_ints', 'classlabels_strings'],
  LinearRegressor: ['coefficients', 'intercepts'],
  Scaler: ['scale', 'offset'],
  Imputer: ['imputed_value_floats', 'imputed_value_int64s'],
  OneHotEncoder: ['cats_int64s', 'cats_strings'],
  LabelEncoder: ['keys_floats', 'keys_int64s', 'keys_strings', 'values_floats', 'values_int64s', 'values_strings'],
  TreeEnsembleClassifier: ['base_values', 'classlabels_int64s', 'classlabels_strings'],
  TreeEnsembleRegressor: ['base_values'],
  Normalizer: [],
  Binarizer: [],
  FeatureVectorizer: [],
  ArrayFeatureExtractor: [],
};

/** Operators whose tables may be of any length: it shows in no shape. */
export const FREE_LENGTH = new Set(['LabelEncoder']);

/** Inputs that decide shapes: part of the structure, whatever their type. */
const STRUCTURAL_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Squeeze: [1],
  Unsqueeze: [1],
  Slice: [1, 2, 3, 4],
  Split: [1],
  Expand: [1],
  Tile: [1],
  Pad: [1, 2, 3],
  Resize: [1, 2, 3],
  ConstantOfShape: [0],
  Range: [0, 1, 2],
  TopK: [1],
  OneHot: [1, 2],
  ArgMax: [1],
  CumSum: [1],
  ReduceSum: [1],
  ReduceMean: [1],
  ReduceMax: [1],
  ReduceMin: [1],
  ReduceProd: [1],
  ReduceL1: [1],
  ReduceL2: [1],
  ReduceSumSquare: [1],
  Gather: [1],
  GatherElements: [1],
  GatherND: [1],
  ArrayFeatureExtractor: [1],
  Dropout: [1, 2],
};

/** Look-ups whose table is learned even where it holds integers or strings: the labels of classes. */
const LOOKUPS = new Set(['ArrayFeatureExtractor', 'Gather']);

/** Element types that hold weights: floats, and the bytes of quantized ones. */
const WEIGHT_DTYPES = new Set<Dtype | 'STRING'>(['F64', 'F32', 'F16', 'BF16', 'I8', 'U8']);

/** Whether an initializer is a weight, by what reads it. Large integer tables are neither: their model stays whole. */
export function isWeight(graph: ProtoGraph, name: string, dtype: Dtype | 'STRING'): boolean {
  let isTable = true;
  for (const node of graph.nodes) {
    for (const [position, input] of node.inputs.entries()) {
      if (input !== name) continue;
      if (STRUCTURAL_INPUTS[node.opType]?.includes(position) === true) return false;
      isTable &&= position === 0 && LOOKUPS.has(node.opType);
    }
  }
  return WEIGHT_DTYPES.has(dtype) || (isTable && (dtype === 'I64' || dtype === 'I32' || dtype === 'STRING'));
}

/** Integers that one skeleton may keep in one tensor. */
export const MAX_STRUCTURE_ELEMENTS = 1024;
