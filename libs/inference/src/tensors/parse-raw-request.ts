import { inferenceProblem } from '../inference-problem.js';
import { isBinaryFault, readBinary } from './binary-values.js';
import { MAX_ROWS, type InferRequest } from './parse-infer-request.js';
import { allOutputs } from './parse-outputs.js';
import { TYPED_ARRAYS, newTensorMap, shapeText, type SignatureView, type TensorSpecView } from './tensor.js';

/**
 * A request that is nothing but the bytes of the model's only input. One dimension that varies is found from their number; where more vary, the first is one row. A string is the
 * whole body, without a length before it. All outputs are given as bytes.
 * @throws {ProblemError} `inference.binary_invalid`, `inference.value_invalid`, `inference.shape_mismatch`, `inference.too_many_rows`.
 */
export function parseRawRequest(bytes: Uint8Array, signature: SignatureView): InferRequest {
  const [spec] = signature.inputs;
  if (spec === undefined || signature.inputs.length > 1)
    throw inferenceProblem(
      'invalid',
      'binary_invalid',
      `a body without JSON (Inference-Header-Content-Length: 0) is for models of one input; this has ${signature.inputs.length}`,
    );
  const shape = shapeOf(spec, bytes.length);
  const data = dataOf(spec, bytes, shape);
  if (isBinaryFault(data))
    throw inferenceProblem(
      'invalid',
      data.code,
      `input '${spec.name}', shape ${shapeText(spec.shape)}: ${data.detail}`,
    );
  const rows = spec.shape[0] === -1 ? (shape[0] ?? 1) : 1;
  if (rows > MAX_ROWS)
    throw inferenceProblem(
      'too-large',
      'too_many_rows',
      `${rows} rows were sent; one request takes at most ${MAX_ROWS}`,
    );
  const inputs = newTensorMap();
  inputs[spec.name] = { datatype: spec.datatype, shape, data };
  return { id: undefined, inputs, rows, outputs: undefined, binary: allOutputs(signature) };
}

/** @throws {ProblemError} `inference.shape_mismatch` when the bytes leave the shape open. */
function shapeOf({ name, datatype, shape }: TensorSpecView, sizeBytes: number): number[] {
  const isBatch = shape[0] === -1;
  const isFree = (size: number, i: number): boolean => size === -1 && !(i === 0 && isBatch && shape.indexOf(-1, 1) > 0);
  const free = shape.filter(isFree).length;
  if (free > 1 || (datatype === 'BYTES' && shape.some((size) => size !== 1 && size !== -1)))
    throw inferenceProblem(
      'invalid',
      'shape_mismatch',
      `the shape of input '${name}', ${shapeText(shape)}, can't be known from a body without JSON; send its shape`,
    );
  const fixed = shape.reduce((count, size) => (size === -1 ? count : count * size), 1);
  const size = datatype === 'BYTES' ? 1 : Math.floor(sizeBytes / (fixed * TYPED_ARRAYS[datatype].BYTES_PER_ELEMENT));
  if (free === 1 && !(size >= 1 && Number.isFinite(size)))
    throw inferenceProblem('invalid', 'binary_invalid', `${sizeBytes} bytes hold no row of input '${name}'`);
  return shape.map((dimension, i) => (isFree(dimension, i) ? size : dimension === -1 ? 1 : dimension));
}

function dataOf(spec: TensorSpecView, bytes: Uint8Array, shape: readonly number[]): ReturnType<typeof readBinary> {
  if (spec.datatype !== 'BYTES')
    return readBinary(
      spec.datatype,
      bytes,
      shape.reduce((a, b) => a * b, 1),
    );
  const prefixed = Buffer.allocUnsafe(4 + bytes.length);
  prefixed.writeUInt32LE(bytes.length);
  prefixed.set(bytes, 4);
  return readBinary('BYTES', prefixed, 1);
}
