import type { ModelFamily } from '@myriad/contracts';
import type { Signature } from '../tensors/tensor.js';
import type { OnnxInspection } from './inspect-onnx.js';

/** Which pool a model belongs to. */
export interface ModelClass {
  /**
   * `tabular`: classical operators and arithmetic only; of networks, by what goes in and comes out, `text`: ids of tokens or bytes; `vision`: images; `ocr`: images in, sequences out;
   * `sequence`: recurrent ones; `neural`: the others; `other`: anything else.
   */
  readonly family: ModelFamily;
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

const RECURRENT = ['ai.onnx:LSTM', 'ai.onnx:GRU', 'ai.onnx:RNN'];
const IDS: ReadonlySet<string> = new Set(['INT32', 'INT64']);

/** The family and size class of an inspected model. */
export function classify(inspection: Pick<OnnxInspection, 'operators' | 'sizeBytes' | 'signature'>): ModelClass {
  return { family: familyOf(inspection), sizeClass: sizeClassOf(inspection.sizeBytes) };
}

function familyOf({ operators, signature }: Pick<OnnxInspection, 'operators' | 'signature'>): ModelFamily {
  if (operators.every((name) => TABULAR.has(name) || name.startsWith('ai.onnx.ml:'))) return 'tabular';
  if (!operators.some((name) => NEURAL.has(name))) return 'other';
  return networkFamilyOf(operators, signature);
}

function networkFamilyOf(operators: readonly string[], { inputs, outputs }: Signature): ModelFamily {
  // images: batch, channels, height, width, in either order
  if (operators.includes('ai.onnx:Conv') && inputs.some(({ shape }) => shape.length === 4))
    return outputs.some(({ shape }) => shape.length === 3) ? 'ocr' : 'vision';
  if (inputs.some(({ datatype, shape }) => IDS.has(datatype) && shape.length === 2)) return 'text';
  return operators.some((name) => RECURRENT.includes(name)) ? 'sequence' : 'neural';
}

function sizeClassOf(sizeBytes: number): ModelClass['sizeClass'] {
  if (sizeBytes <= MIB) return 'small';
  return sizeBytes <= 100 * MIB ? 'medium' : 'large';
}
