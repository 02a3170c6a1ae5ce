import { inferenceProblem } from '@myriad/inference';
import protobuf from 'protobufjs/minimal.js';

type Reader = protobuf.Reader;
interface Values {
  /** Field of InferTensorContents. */
  readonly field: number;
  /** Bytes of one value of the tensor. */
  readonly width: number;
  /** Reads one value and writes it where it belongs; false when it does not fit the type. */
  readonly read: (reader: Reader, into: DataView, at: number) => boolean;
}

const whole =
  (width: 1 | 2 | 4, min: number, max: number): Values['read'] =>
  (reader, into, at) => {
    const value = min < 0 ? reader.int32() : reader.uint32();
    if (width === 1) into.setUint8(at, value);
    else if (width === 2) into.setUint16(at, value, true);
    else into.setUint32(at, value, true);
    return value >= min && value <= max;
  };

/** Where values of a type stand, and how they are read. FP16 and BF16 have no contents. */
const FIELDS: ReadonlyMap<string, Values> = new Map<string, Values>([
  ['BOOL', { field: 1, width: 1, read: (reader, into, at) => (into.setUint8(at, reader.bool() ? 1 : 0), true) }],
  ['INT8', { field: 2, width: 1, read: whole(1, -128, 127) }],
  ['INT16', { field: 2, width: 2, read: whole(2, -32_768, 32_767) }],
  ['INT32', { field: 2, width: 4, read: whole(4, -2_147_483_648, 2_147_483_647) }],
  ['INT64', { field: 3, width: 8, read: read64 }],
  ['UINT8', { field: 4, width: 1, read: whole(1, 0, 255) }],
  ['UINT16', { field: 4, width: 2, read: whole(2, 0, 65_535) }],
  ['UINT32', { field: 4, width: 4, read: whole(4, 0, 4_294_967_295) }],
  ['UINT64', { field: 5, width: 8, read: read64 }],
  ['FP32', { field: 6, width: 4, read: (reader, into, at) => (into.setFloat32(at, reader.float(), true), true) }],
  ['FP64', { field: 7, width: 8, read: (reader, into, at) => (into.setFloat64(at, reader.double(), true), true) }],
]);

/** A varint of up to ten bytes, as its 64 bits, with a sign or without. */
function read64(reader: Reader, into: DataView, at: number): boolean {
  let low = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (reader.pos >= reader.len) throw new RangeError('the varint has no end');
    const byte = reader.buf[reader.pos++] ?? 0;
    low |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  into.setBigInt64(at, BigInt.asIntN(64, low), true);
  return true;
}

/**
 * The values of an InferTensorContents as raw contents: what the codec of binary tensors reads. As many as there are, each at least a byte of the message, so memory stays within eight times of it.
 * @throws {ProblemError} `inference.request_invalid`, `inference.value_invalid`.
 */
export function rawOfContents(contents: Buffer, datatype: string, label: string): Uint8Array {
  try {
    return datatype === 'BYTES' ? rawOfStrings(contents) : rawOfNumbers(contents, datatype, label);
  } catch (error) {
    if (error instanceof RangeError || (error as Error).name === 'Error')
      throw inferenceProblem('invalid', 'request_invalid', `the contents of ${label} are no InferTensorContents`, {
        cause: error,
      });
    throw error;
  }
}

function rawOfNumbers(contents: Buffer, datatype: string, label: string): Uint8Array {
  const values = FIELDS.get(datatype);
  if (values === undefined)
    throw inferenceProblem('invalid', 'request_invalid', `${label}: ${datatype} has no contents; send it raw`);
  const reader = protobuf.Reader.create(contents);
  const isFixed = values.field === 6 || values.field === 7;
  const most = isFixed ? Math.ceil(contents.length / values.width) : contents.length;
  const into = new DataView(new ArrayBuffer(most * values.width));
  let count = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 !== values.field) {
      refuseField(tag >>> 3, datatype, label);
      reader.skipType(tag & 7);
      continue;
    }
    if (isFixed && (tag & 7) === 2) {
      count += copyFloats(reader.bytes(), values.width, new Uint8Array(into.buffer, count * values.width));
      continue;
    }
    const end = (tag & 7) === 2 ? reader.uint32() + reader.pos : reader.pos + 1;
    for (; reader.pos < end; count += 1)
      if (!values.read(reader, into, count * values.width))
        throw inferenceProblem(
          'invalid',
          'value_invalid',
          `${label}, value ${count} is out of the range of ${datatype}`,
        );
  }
  return new Uint8Array(into.buffer, 0, count * values.width);
}

/** Packed floats stand as they are wanted. Returns how many. @throws {RangeError} for a part of one */
function copyFloats(packed: Uint8Array, width: number, into: Uint8Array): number {
  if (packed.length % width !== 0) throw new RangeError('the last float is cut off');
  into.set(packed);
  return packed.length / width;
}

/** Values in a field of another type would be silently dropped. */
function refuseField(field: number, datatype: string, label: string): void {
  if (field >= 1 && field <= 8)
    throw inferenceProblem(
      'invalid',
      'request_invalid',
      `${label} is ${datatype}, but its contents are of another type`,
    );
}

function rawOfStrings(contents: Buffer): Uint8Array {
  const reader = protobuf.Reader.create(contents);
  const writer: Buffer[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 !== 8) {
      refuseField(tag >>> 3, 'BYTES', 'an input');
      reader.skipType(tag & 7);
      continue;
    }
    const value = reader.bytes() as Buffer;
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(value.length);
    writer.push(length, value);
  }
  return Buffer.concat(writer);
}
