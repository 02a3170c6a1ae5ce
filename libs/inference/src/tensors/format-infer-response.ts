import { inferenceProblem } from '../inference-problem.js';
import { binaryOf } from './binary-values.js';
import { halfValue, isHalf } from './half-floats.js';
import type { Tensor, TensorData, TensorMap, TensorSpec } from './tensor.js';

/** What an answer says besides its tensors. */
export interface InferAnswer {
  readonly modelName: string;
  readonly modelVersion: string;
  /** The request's own id, given back. */
  readonly id?: string | undefined;
  /** Outputs in this order. */
  readonly outputs: readonly string[];
}

/** A V2 JSON tensor. */
export interface V2Tensor {
  readonly name: string;
  readonly datatype: TensorSpec['datatype'];
  readonly shape: readonly number[];
  readonly data: readonly (number | string | boolean | null)[];
}

/**
 * The V2 JSON text of an answer. Floats are written with every digit of their double form, so reading them back gives the same bits; NaN and infinities, which JSON lacks, are null.
 */
export function formatInferResponse(answer: InferAnswer, tensors: TensorMap): string {
  return responseText(answer, tensors, (_name, tensor) => `"data":[${dataText(tensor)}]`);
}

/** A V2 answer of which some outputs are bytes: the JSON, and behind it those bytes. */
export interface BinaryAnswer {
  readonly bytes: Buffer;
  /** How many of the bytes are JSON: the header Inference-Header-Content-Length. */
  readonly headerLength: number;
}

/** As {@link formatInferResponse}, with the outputs in `binary` as bytes, in one piece. */
export function formatBinaryResponse(
  answer: InferAnswer,
  tensors: TensorMap,
  binary: ReadonlySet<string>,
): BinaryAnswer {
  const blobs: Uint8Array[] = [];
  const text = responseText(answer, tensors, (name, tensor) => {
    if (!binary.has(name)) return `"data":[${dataText(tensor)}]`;
    const blob = binaryOf(tensor);
    blobs.push(blob);
    return `"parameters":{"binary_data_size":${blob.length}}`;
  });
  const headerLength = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(blobs.reduce((size, blob) => size + blob.length, headerLength));
  let at = bytes.write(text);
  for (const blob of blobs) {
    bytes.set(blob, at);
    at += blob.length;
  }
  return { bytes, headerLength };
}

function responseText(
  answer: InferAnswer,
  tensors: TensorMap,
  valuesText: (name: string, tensor: Tensor) => string,
): string {
  const id = answer.id === undefined ? '' : `"id":${JSON.stringify(answer.id)},`;
  let text = `{"model_name":${JSON.stringify(answer.modelName)},"model_version":${JSON.stringify(answer.modelVersion)},${id}"outputs":[`;
  let separator = '';
  for (const name of answer.outputs) {
    const tensor = tensors[name];
    if (tensor === undefined) throw inferenceProblem('internal', 'run_failed', `the model gave no output '${name}'`);
    text += `${separator}{"name":${JSON.stringify(name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(',')}],${valuesText(name, tensor)}}`;
    separator = ',';
  }
  return `${text}]}`;
}

function dataText(tensor: Tensor): string {
  const { datatype, data } = tensor;
  if (datatype === 'FP32' || datatype === 'FP64') return floatText(data as Float64Array);
  if (datatype === 'BYTES') return (data as string[]).map((value) => JSON.stringify(value)).join(',');
  if (datatype === 'BOOL') return Array.from(data as Uint8Array, (value) => (value === 0 ? 'false' : 'true')).join(',');
  if (isHalf(datatype)) return floatText(Float32Array.from(data as Uint16Array, (bits) => halfValue(datatype, bits)));
  // integers of 64 bits are written out in full: JSON's grammar has no limit
  return (data as Int32Array).join(',');
}

function floatText(data: Float32Array | Float64Array): string {
  const { length } = data;
  let text = '';
  for (let i = 0; i < length; i += 1) {
    const value = data[i] as number;
    if (i > 0) text += ',';
    // -0 keeps its sign, which String() drops
    text += value - value === 0 ? (value === 0 && 1 / value < 0 ? '-0.0' : String(value)) : 'null';
  }
  return text;
}

/** The tensor's values as JSON numbers, strings, booleans and nulls. 64-bit integers beyond 53 bits are rounded. */
export function toJsonValues(datatype: Tensor['datatype'], data: TensorData): (number | string | boolean | null)[] {
  if (Array.isArray(data)) return [...data];
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Array.from(data, Number);
  if (datatype === 'BOOL') return Array.from(data as Uint8Array, (value) => value !== 0);
  const numberOf = isHalf(datatype) ? (bits: number) => halfValue(datatype, bits) : (value: number) => value;
  return Array.from(data as Float64Array, (value) => finiteOrNull(numberOf(value)));
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** A tensor as a V2 JSON object. */
export function toV2Tensor(name: string, tensor: Tensor): V2Tensor {
  return {
    name,
    datatype: tensor.datatype,
    shape: tensor.shape,
    data: toJsonValues(tensor.datatype, tensor.data),
  };
}
