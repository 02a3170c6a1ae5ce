import type { TensorSpec } from '@myriad/contracts';

export type { Signature, TensorSpec } from '@myriad/contracts';

/** A {@link TensorSpec} that is only read. */
export interface TensorSpecView {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** A {@link Signature} that is only read. */
export interface SignatureView {
  readonly inputs: readonly TensorSpecView[];
  readonly outputs: readonly TensorSpecView[];
}

/** Element types, in the words of the Open Inference Protocol. */
export type Datatype = TensorSpec['datatype'];

/**
 * Values of a tensor, row-major. BOOL and UINT8 are `Uint8Array` (0 or 1 for BOOL), FP16 and BF16 are `Uint16Array` of their bits, INT64 is `BigInt64Array`, BYTES are strings.
 */
export type TensorData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | string[];

/** A block of values with a shape; `data` holds exactly as many as the shape says. */
export interface Tensor {
  readonly datatype: Datatype;
  /** No −1 here: these are the sizes of this block. */
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Tensors by name. */
export type TensorMap = Readonly<Record<string, Tensor>>;

/** An empty map that inherits no names: tensors are called whatever models call them, `constructor` included. */
export function newTensorMap(): Record<string, Tensor> {
  return Object.create(null) as Record<string, Tensor>;
}

/** The array that holds values of a type; BYTES have none. */
export const TYPED_ARRAYS = {
  FP32: Float32Array,
  FP64: Float64Array,
  INT64: BigInt64Array,
  INT32: Int32Array,
  INT16: Int16Array,
  INT8: Int8Array,
  UINT64: BigUint64Array,
  UINT32: Uint32Array,
  UINT16: Uint16Array,
  UINT8: Uint8Array,
  BOOL: Uint8Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
} as const satisfies Readonly<Record<Exclude<Datatype, 'BYTES'>, unknown>>;

/** Room for `length` values of a type, all zero (or empty strings). */
export function newTensorData(datatype: Datatype, length: number): TensorData {
  return datatype === 'BYTES' ? new Array<string>(length).fill('') : new TYPED_ARRAYS[datatype](length);
}

/** How many values a shape holds; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return count;
}

/** Size of the first dimension, 1 for a scalar: the rows a request is metered by. */
export function rowCount(tensors: TensorMap): number {
  for (const name in tensors) return tensors[name]?.shape[0] ?? 1;
  return 0;
}

/** Rows `start` (inclusive) to `end` (exclusive) of every tensor, along the first dimension. Typed arrays share memory with the source. */
export function sliceRows(tensors: TensorMap, start: number, end: number): TensorMap {
  const slices = newTensorMap();
  for (const [name, tensor] of Object.entries(tensors)) {
    const rows = tensor.shape[0] ?? 1;
    const width = rows === 0 ? 0 : tensor.data.length / rows;
    const data = Array.isArray(tensor.data)
      ? tensor.data.slice(start * width, end * width)
      : tensor.data.subarray(start * width, end * width);
    slices[name] = { datatype: tensor.datatype, shape: [end - start, ...tensor.shape.slice(1)], data };
  }
  return slices;
}

/** A shape as people write it: `[-1, 1]`. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** The spec of one input, if the signature has it. */
export function inputSpec(signature: SignatureView, name: string): TensorSpecView | undefined {
  return signature.inputs.find((input) => input.name === name);
}
