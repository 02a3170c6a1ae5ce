import { newTensor, type ProtoTensor } from './onnx-proto.js';
import { DTYPES, type Dtype } from './safetensors.js';
import { unsplittable } from './unsplittable.js';

/** TensorProto.DataType of each dtype. */
const DATA_TYPES = {
  F32: 1,
  U8: 2,
  I8: 3,
  U16: 4,
  I16: 5,
  I32: 6,
  I64: 7,
  BOOL: 9,
  F16: 10,
  F64: 11,
  U32: 12,
  U64: 13,
  BF16: 16,
} as const satisfies Readonly<Record<Dtype, number>>;

export const STRING_TYPE = 8;

export function dataTypeOf(dtype: Dtype): number {
  return DATA_TYPES[dtype];
}

export function dtypeOf(dataType: number): Dtype | undefined {
  return (Object.keys(DATA_TYPES) as Dtype[]).find((dtype) => DATA_TYPES[dtype] === dataType);
}

const WRITERS: Partial<Record<Dtype, (view: DataView, at: number, value: number) => void>> = {
  F32: (view, at, value) => {
    view.setFloat32(at, value, true);
  },
  F64: (view, at, value) => {
    view.setFloat64(at, value, true);
  },
  I64: (view, at, value) => {
    view.setBigInt64(at, BigInt(value), true);
  },
  U64: (view, at, value) => {
    view.setBigUint64(at, BigInt(value), true);
  },
  I32: (view, at, value) => {
    view.setInt32(at, value, true);
  },
  U32: (view, at, value) => {
    view.setUint32(at, value, true);
  },
};

/** Numbers as little-endian bytes of a type. */
export function packNumbers(dtype: Dtype, values: readonly number[]): Uint8Array {
  const width = DTYPES[dtype];
  const bytes = new Uint8Array(values.length * width);
  const view = new DataView(bytes.buffer);
  const write = WRITERS[dtype] ?? (width === 2 ? setShort : setByte);
  for (const [i, value] of values.entries()) write(view, i * width, value);
  return bytes;
}

function setShort(view: DataView, at: number, value: number): void {
  view.setUint16(at, value & 0xffff, true);
}

function setByte(view: DataView, at: number, value: number): void {
  view.setUint8(at, value & 0xff);
}

/** The field that holds a type's numbers where they are not `raw`. */
function typedNumbers(tensor: ProtoTensor, dtype: Dtype): readonly number[] {
  switch (dtype) {
    case 'F32':
      return tensor.floats;
    case 'F64':
      return tensor.doubles;
    case 'I64':
      return tensor.int64s;
    case 'U64':
    case 'U32':
      return tensor.uint64s;
    default:
      return tensor.int32s;
  }
}

/** A tensor's values as bytes. @throws {Unsplittable} for types that have no dtype, and sizes that don't fit. */
export function tensorBytes(tensor: ProtoTensor): { readonly dtype: Dtype; readonly bytes: Uint8Array } {
  const dtype = dtypeOf(tensor.dataType) ?? unsplittable(`a tensor of type ${tensor.dataType}`);
  const bytes = tensor.raw ?? packNumbers(dtype, typedNumbers(tensor, dtype));
  const elements = tensor.dims.reduce((product, size) => product * size, 1);
  if (bytes.length !== elements * DTYPES[dtype]) unsplittable(`tensor '${tensor.name}' has ${bytes.length} bytes`);
  return { dtype, bytes };
}

/** A tensor with raw bytes, as they are written. */
export function rawTensor(name: string, dtype: Dtype, dims: readonly number[], bytes: Uint8Array): ProtoTensor {
  return { ...newTensor(name, dataTypeOf(dtype), [...dims]), raw: bytes };
}

/** Values of a small tensor as numbers. @throws `RangeError` for integers beyond 2^53. */
export function unpackNumbers(dtype: Dtype, bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read: Partial<Record<Dtype, (at: number) => number>> = {
    F32: (at) => view.getFloat32(at, true),
    F64: (at) => view.getFloat64(at, true),
    I64: (at) => Number(view.getBigInt64(at, true)),
    I32: (at) => view.getInt32(at, true),
    U32: (at) => view.getUint32(at, true),
    U16: (at) => view.getUint16(at, true),
  };
  const readOne = read[dtype] ?? ((at: number) => view.getUint8(at));
  const numbers = Array.from({ length: bytes.length / DTYPES[dtype] }, (_, i) => readOne(i * DTYPES[dtype]));
  if (dtype === 'I64' && !numbers.every(Number.isSafeInteger)) throw new RangeError('an integer beyond 2^53');
  return numbers;
}
