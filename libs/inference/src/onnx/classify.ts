import type { OnnxInspection } from './inspect-onnx.js';

/** Which pool a model belongs to. */
export interface ModelClass {
  /** `tabular`: classical operators and arithmetic only; `neural`: layers of a network; `other`: anything else. */
  readonly family: 'tabular' | 'neural' | 'other';
  /** By bytes of the file: `small` ≤ 1 MiB, `medium` ≤ 100 MiB, `large` above. */
  readonly sizeClass: 'small' | 'medium' | 'large';
}

const MIB = 1_048_576;

/** Operators of the default domain that converters of classical models emit. */
const TABULAR = new Set(
  (
    'Abs Add And ArgMax ArgMin ArrayFeatureExtractor Cast Ceil Clip Concat Constant ConstantOfShape CumSum Div Equal Erf Exp Expand Flatten Floor Gather ' +
    'GatherElements GatherND Gemm Greater GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Log MatMul Max Mean Min Mod Mul Neg Not Or Pow Reciprocal ' +
    'ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Reshape Round Shape Sigmoid Sign Slice Softmax Split Sqrt ' +
    'Squeeze Sub Sum Tile TopK Transpose Unsqueeze Where Xor'
  )
    .split(' ')
    .map((name) => `ai.onnx:${name}`),
);

/** Operators that only networks have. */
const NEURAL = new Set(
  (
    'Attention AveragePool BatchNormalization Celu Conv ConvInteger ConvTranspose DeformConv Dropout Elu GRU Gelu GlobalAveragePool GlobalMaxPool ' +
    'GroupNormalization HardSigmoid HardSwish InstanceNormalization LRN LSTM LayerNormalization LeakyRelu LogSoftmax LpNormalization MatMulInteger MaxPool ' +
    'MeanVarianceNormalization Mish PRelu QLinearConv QLinearMatMul QuantizeLinear DequantizeLinear RNN RMSNormalization Relu Resize RotaryEmbedding Selu ' +
    'Softplus Softsign Swish Tanh ThresholdedRelu'
  )
    .split(' ')
    .map((name) => `ai.onnx:${name}`),
);

/** The family and size class of an inspected model. */
export function classify(inspection: Pick<OnnxInspection, 'operators' | 'sizeBytes'>): ModelClass {
  return { family: familyOf(inspection.operators), sizeClass: sizeClassOf(inspection.sizeBytes) };
}

function familyOf(operators: readonly string[]): ModelClass['family'] {
  if (operators.every((name) => TABULAR.has(name) || name.startsWith('ai.onnx.ml:'))) return 'tabular';
  return operators.some((name) => NEURAL.has(name)) ? 'neural' : 'other';
}

function sizeClassOf(sizeBytes: number): ModelClass['sizeClass'] {
  if (sizeBytes <= MIB) return 'small';
  return sizeBytes <= 100 * MIB ? 'medium' : 'large';
}
