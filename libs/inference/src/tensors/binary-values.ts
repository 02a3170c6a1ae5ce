import { isUtf8 } from 'node:buffer';
import { TYPED_ARRAYS, type Datatype, type Tensor, type TensorData } from './tensor.js';

/*
 * Values as bytes (the protocol's binary tensor extension, and gRPC's raw contents): row-major, little-endian, no padding, which is how typed arrays of every machine that
 * Node runs on hold them. BOOL is one byte a value, 0 or 1; FP16 and BF16 their two bytes. BYTES are strings, each after its length:
 *
 *   | length, uint32 little-endian | that many bytes of UTF-8 | length | bytes | …
 */

/** Why bytes are no values of a tensor. */
export interface BinaryFault {
  /** `binary_invalid`: their number is not what type and shape say; `value_invalid`: a value is not of its type. */
  readonly code: 'binary_invalid' | 'value_invalid';
  readonly detail: string;
}

const LENGTH_BYTES = 4;
/** V8 keeps the values of typed arrays up to this size beside the object; to ask one for its `buffer` moves them out of the heap, which takes longer than all else that is done with a row. */
const FEW_BYTES = 64;
/** So few values are copied by way of this, seen as each type. */
const SCRATCH = new ArrayBuffer(FEW_BYTES);
const SCRATCH_BYTES = new Uint8Array(SCRATCH);
const SCRATCH_VALUES = new Map<unknown, Float64Array>(
  Object.values(TYPED_ARRAYS).map((Values) => [Values, new Values(SCRATCH) as Float64Array]),
);

export function isBinaryFault(value: TensorData | BinaryFault): value is BinaryFault {
  return 'code' in value;
}

/**
 * The values that bytes hold. Numbers are a view of the bytes where those are many and aligned to their type, else a copy: keep both or neither.
 * @param count values that the shape announces, from 0; may be beyond what any bytes hold
 */
export function readBinary(datatype: Datatype, bytes: Uint8Array, count: number): TensorData | BinaryFault {
  if (datatype === 'BYTES') return readStrings(bytes, count);
  const Values = TYPED_ARRAYS[datatype] as typeof Float64Array;
  const needed = count * Values.BYTES_PER_ELEMENT;
  if (bytes.length !== needed)
    return {
      code: 'binary_invalid',
      detail: `${bytes.length} bytes were sent; ${count} values of ${datatype} take ${needed}`,
    };
  const invalid = datatype === 'BOOL' ? bytes.findIndex((byte) => byte > 1) : -1;
  if (invalid >= 0)
    return { code: 'value_invalid', detail: `value ${invalid} is ${bytes[invalid]}; BOOL takes 0 or 1` };
  const scratch = bytes.length <= FEW_BYTES ? SCRATCH_VALUES.get(Values) : undefined;
  if (scratch !== undefined) {
    SCRATCH_BYTES.set(bytes);
    return scratch.slice(0, count);
  }
  if (bytes.byteOffset % Values.BYTES_PER_ELEMENT !== 0) return new Values(new Uint8Array(bytes).buffer);
  return new Values(bytes.buffer as ArrayBuffer, bytes.byteOffset, count);
}

/** The bytes of a tensor's values; those of many numbers share its memory. */
export function binaryOf({ data }: Pick<Tensor, 'data'>): Uint8Array {
  if (Array.isArray(data)) return stringBytes(data);
  const scratch = data.byteLength <= FEW_BYTES ? SCRATCH_VALUES.get(data.constructor) : undefined;
  if (scratch === undefined) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  scratch.set(data as Float64Array);
  return SCRATCH_BYTES.slice(0, data.byteLength);
}

function readStrings(bytes: Uint8Array, count: number): string[] | BinaryFault {
  // before room is made for them: each takes at least its length
  if (count * LENGTH_BYTES > bytes.length)
    return {
      code: 'binary_invalid',
      detail: `${bytes.length} bytes were sent; ${count} values of BYTES take ${LENGTH_BYTES} each for their length, and their own`,
    };
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const values: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    const left = buffer.length - at - LENGTH_BYTES;
    if (left < 0) return { code: 'binary_invalid', detail: `the bytes end before the length of value ${i}` };
    const length = buffer.readUInt32LE(at);
    if (length > left)
      return { code: 'binary_invalid', detail: `value ${i} is said to have ${length} bytes; ${left} are left` };
    at += LENGTH_BYTES;
    if (!isUtf8(buffer.subarray(at, at + length)))
      return { code: 'value_invalid', detail: `value ${i} is not UTF-8, which strings of models are` };
    values.push(buffer.toString('utf8', at, (at += length)));
  }
  return at === buffer.length
    ? values
    : { code: 'binary_invalid', detail: `${buffer.length - at} bytes are left after ${count} values` };
}

function stringBytes(values: readonly string[]): Buffer {
  let size = values.length * LENGTH_BYTES;
  for (const value of values) size += Buffer.byteLength(value);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const value of values) {
    const length = bytes.write(value, at + LENGTH_BYTES);
    bytes.writeUInt32LE(length, at);
    at += LENGTH_BYTES + length;
  }
  return bytes;
}
