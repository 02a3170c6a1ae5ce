import type { OnnxTensor } from './onnx-model.js';
import type { Datatype } from '../tensors/tensor.js';

interface ElementType {
  readonly name: string;
  readonly bits: number;
  /** The Open Inference Protocol's name; undefined where the platform doesn't carry the type in or out. */
  readonly datatype?: Datatype;
  /** Whether values of it count as parameters: floats, and the integers that quantized weights are made of. */
  readonly isWeight?: boolean;
}

/** TensorProto.DataType by number; bits an element. */
const ELEMENT_TYPES: Readonly<Record<number, ElementType>> = {
  1: { name: 'float', bits: 32, datatype: 'FP32', isWeight: true },
  2: { name: 'uint8', bits: 8, datatype: 'UINT8', isWeight: true },
  3: { name: 'int8', bits: 8, datatype: 'INT8', isWeight: true },
  4: { name: 'uint16', bits: 16, datatype: 'UINT16' },
  5: { name: 'int16', bits: 16, datatype: 'INT16' },
  6: { name: 'int32', bits: 32, datatype: 'INT32' },
  7: { name: 'int64', bits: 64, datatype: 'INT64' },
  8: { name: 'string', bits: 0, datatype: 'BYTES' },
  9: { name: 'bool', bits: 8, datatype: 'BOOL' },
  10: { name: 'float16', bits: 16, datatype: 'FP16', isWeight: true },
  11: { name: 'double', bits: 64, datatype: 'FP64', isWeight: true },
  12: { name: 'uint32', bits: 32, datatype: 'UINT32' },
  13: { name: 'uint64', bits: 64, datatype: 'UINT64' },
  14: { name: 'complex64', bits: 64 },
  15: { name: 'complex128', bits: 128 },
  16: { name: 'bfloat16', bits: 16, datatype: 'BF16', isWeight: true },
  17: { name: 'float8e4m3fn', bits: 8, isWeight: true },
  18: { name: 'float8e4m3fnuz', bits: 8, isWeight: true },
  19: { name: 'float8e5m2', bits: 8, isWeight: true },
  20: { name: 'float8e5m2fnuz', bits: 8, isWeight: true },
  21: { name: 'uint4', bits: 4, isWeight: true },
  22: { name: 'int4', bits: 4, isWeight: true },
  23: { name: 'float4e2m1', bits: 4, isWeight: true },
  24: { name: 'float8e8m0', bits: 8, isWeight: true },
  25: { name: 'uint2', bits: 2, isWeight: true },
  26: { name: 'int2', bits: 2, isWeight: true },
};

const STRING = 8;

export function elementType(number: number): ElementType | undefined {
  return ELEMENT_TYPES[number];
}

/** Elements of typed data fields that a tensor holds, by the field its type uses (onnx.proto3, TensorProto). */
function typedCount(tensor: OnnxTensor): number {
  switch (tensor.dataType) {
    case 1:
      return tensor.floats.count;
    case 14:
      return Math.floor(tensor.floats.count / 2);
    case 7:
      return tensor.int64s.count;
    case STRING:
      return tensor.stringCount;
    case 11:
      return tensor.doubles.count;
    case 15:
      return Math.floor(tensor.doubles.count / 2);
    case 12:
    case 13:
      return tensor.uint64s.count;
    default:
      return packedCount(tensor);
  }
}

/** Types of 4 and 2 bits stand several to an int32. */
function packedCount(tensor: OnnxTensor): number {
  const bits = elementType(tensor.dataType)?.bits ?? 8;
  return bits < 8 ? tensor.int32s.count * (8 / bits) : tensor.int32s.count;
}

/** How many elements the bytes of a tensor hold, whatever its dimensions claim. A last byte that is only part used counts as full. */
export function presentElements(tensor: OnnxTensor): number {
  if (tensor.rawLength === undefined || tensor.dataType === STRING) return typedCount(tensor);
  const bits = elementType(tensor.dataType)?.bits ?? 8;
  return Math.floor((tensor.rawLength * 8) / bits);
}

/** The first values of a small integer or float tensor that a shape, count or scale could be; undefined for other types. */
export function headValues(tensor: OnnxTensor): readonly number[] | undefined {
  const view = new DataView(tensor.rawHead.buffer, tensor.rawHead.byteOffset, tensor.rawHead.byteLength);
  const read = (width: number, at: (offset: number) => number): number[] =>
    Array.from({ length: Math.floor(view.byteLength / width) }, (_, i) => at(i * width));
  const isRaw = tensor.rawLength !== undefined;
  switch (tensor.dataType) {
    case 1:
      return isRaw ? read(4, (at) => view.getFloat32(at, true)) : tensor.floats.head;
    case 6:
      return isRaw ? read(4, (at) => view.getInt32(at, true)) : tensor.int32s.head;
    case 7:
      return isRaw ? read(8, (at) => Number(view.getBigInt64(at, true))) : tensor.int64s.head;
    case 11:
      return isRaw ? read(8, (at) => view.getFloat64(at, true)) : tensor.doubles.head;
    default:
      return undefined;
  }
}
