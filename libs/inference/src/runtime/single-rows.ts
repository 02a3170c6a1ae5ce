import { inspectOnnxBytes } from '../onnx/inspect-onnx.js';
import {
  newTensorData,
  newTensorMap,
  rowCount,
  sliceRows,
  type Signature,
  type Tensor,
  type TensorMap,
} from '../tensors/tensor.js';

/**
 * Why a single row may be run as two
 *
 * ONNX Runtime multiplies a matrix of one row by another kernel than one of two or more, and the last bit of the sums differs: a logistic pipeline gave other bits for 11 of 64 rows
 * (by 6e-8), while every batch from 2 to 64 rows agreed in every bit. So a row that comes alone is doubled, run as two, and the first answer taken: then realtime, which gets rows one
 * by one, and batch, which scores thousands at once, agree bit for bit. It costs 1 to 2 µs. Tree ensembles don't need it, and large models don't get it.
 */
const MULTIPLIERS = ['ai.onnx.ml:LinearClassifier', 'ai.onnx.ml:LinearRegressor', 'ai.onnx:Gemm', 'ai.onnx:MatMul'];

/** Operators that treat rows apart, as converters of classical models and of plain networks use them: doubling a row changes nothing else. */
const ROW_WISE = new Set(
  (
    'Abs Add And ArrayFeatureExtractor Cast Clip Concat Constant Div Elu Equal Erf Exp Flatten Floor Gather Gelu Gemm Greater GreaterOrEqual Identity IsNaN LeakyRelu Less ' +
    'LessOrEqual Log MatMul Max Min Mul Neg Not Or Pow Reciprocal Relu Reshape Selu Sigmoid Softmax Sqrt Squeeze Sub Sum Tanh Unsqueeze Where'
  )
    .split(' ')
    .map((name) => `ai.onnx:${name}`),
);

const MAX_BYTES = 1_048_576;

/** Whether rows that come alone are run as two. The same file gets the same answer wherever it is loaded. */
export function shouldPairSingleRows(bytes: Uint8Array, signature: Signature): boolean {
  if (!isBatched(signature) || bytes.length > MAX_BYTES || !mentionsMultiplier(bytes)) return false;
  return pairsRows(inspectOnnxBytes(bytes).operators, signature);
}

function isBatched({ inputs, outputs }: Signature): boolean {
  return inputs.length > 0 && [...inputs, ...outputs].every((spec) => spec.shape[0] === -1);
}

/** The same for a graph whose operators (`domain:operator`) are known. */
export function pairsRows(operators: readonly string[], signature: Signature): boolean {
  return (
    isBatched(signature) &&
    operators.some((name) => MULTIPLIERS.includes(name)) &&
    operators.every((name) => ROW_WISE.has(name) || name.startsWith('ai.onnx.ml:'))
  );
}

/** A look at the bytes that spares trees, whose nodes are many, a whole decoding. */
function mentionsMultiplier(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return MULTIPLIERS.some((name) => buffer.includes(name.slice(name.indexOf(':') + 1), 0, 'latin1'));
}

/** The same row twice, or undefined when there is not exactly one. */
export function doubledRow(inputs: TensorMap): TensorMap | undefined {
  if (rowCount(inputs) !== 1) return undefined;
  const doubled = newTensorMap();
  for (const name in inputs) {
    const tensor = inputs[name];
    if (tensor?.shape[0] !== 1) return undefined;
    doubled[name] = { datatype: tensor.datatype, shape: [2, ...tensor.shape.slice(1)], data: twice(tensor) };
  }
  return doubled;
}

function twice({ datatype, data }: Tensor): Tensor['data'] {
  if (Array.isArray(data)) return [...data, ...data];
  const copy = newTensorData(datatype, 2 * data.length) as Float64Array;
  copy.set(data as Float64Array);
  copy.set(data as Float64Array, data.length);
  return copy;
}

/** The first of two answers; undefined when the model didn't give two. */
export function firstOfTwo(outputs: TensorMap): TensorMap | undefined {
  for (const name in outputs) if (outputs[name]?.shape[0] !== 2) return undefined;
  return sliceRows(outputs, 0, 1);
}
