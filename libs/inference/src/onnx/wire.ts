import protobuf from 'protobufjs/minimal.js';
import { inferenceProblem } from '../inference-problem.js';
import { HEAD_LENGTH, type NumberList } from './onnx-model.js';

const { Reader } = protobuf;

/** Protobuf wire types (protobuf.dev/programming-guides/encoding). */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** Messages nested deeper than this are refused; ordinary files stay below 20. */
const MAX_DEPTH = 64;

/** Where a decoder stands. */
export interface Cursor {
  readonly reader: protobuf.Reader;
  /** End of the message in hand. */
  end: number;
  depth: number;
  /** Items that may still be kept; a file of millions of empty messages is refused before it fills the memory. */
  itemsLeft: number;
}

/** Reads one field into its message. */
export type FieldReader<T> = (target: T, cursor: Cursor, wireType: number) => void;

/** A message: how to make an empty one, and the fields we read by number; others are skipped. */
export interface MessageType<T> {
  readonly name: string;
  readonly make: () => T;
  readonly fields: Readonly<Record<number, FieldReader<T>>>;
  /** Whether a field that is not listed is an error: for whoever writes the message again. */
  readonly isStrict?: boolean;
}

/** Decodes a whole buffer. @throws {ProblemError} `inference.onnx_*`, or `RangeError`/`Error` of the reader where the bytes are no protobuf. */
export function decodeWire<T>(bytes: Uint8Array, type: MessageType<T>, maxItems: number, target: T = type.make()): T {
  const cursor: Cursor = { reader: Reader.create(bytes), end: bytes.length, depth: 0, itemsLeft: maxItems };
  decodeFields(cursor, type, target);
  return target;
}

function decodeFields<T>(cursor: Cursor, type: MessageType<T>, target: T): void {
  const { reader } = cursor;
  while (reader.pos < cursor.end) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    const wireType = tag & 7;
    if (field === 0) throw new SyntaxError(`field number 0 in ${type.name}`);
    const read = type.fields[field];
    if (read !== undefined) read(target, cursor, wireType);
    else if (type.isStrict === true) throw new SyntaxError(`field ${field} of ${type.name} is not known`);
    else skipField(cursor, wireType);
    if (reader.pos > cursor.end) throw new RangeError(`a field of ${type.name} ends past its message`);
  }
}

/** A field that a strict message may hold and that decides nothing. */
export const ignored: FieldReader<unknown> = (_target, cursor, wireType) => {
  skipField(cursor, wireType);
};

function skipField(cursor: Cursor, wireType: number): void {
  const { reader } = cursor;
  if (wireType === VARINT) reader.skip();
  else if (wireType === FIXED64) reader.skip(8);
  else if (wireType === FIXED32) reader.skip(4);
  else if (wireType === LENGTH) reader.skip(lengthOf(cursor));
  else throw new SyntaxError(`wire type ${wireType}`);
}

function lengthOf(cursor: Cursor): number {
  const length = cursor.reader.uint32();
  if (cursor.reader.pos + length > cursor.end)
    throw new RangeError(`${length} bytes are announced, ${cursor.end - cursor.reader.pos} are there`);
  return length;
}

function expectWire(wireType: number, expected: number): void {
  if (wireType !== expected) throw new SyntaxError(`wire type ${wireType} where ${expected} belongs`);
}

/** What an empty message weighs against a name or a dimension. */
const MESSAGE_WEIGHT = 8;

function keep(cursor: Cursor, weight = 1): void {
  cursor.itemsLeft -= weight;
  if (cursor.itemsLeft < 0)
    throw inferenceProblem(
      'unprocessable',
      'onnx_too_large',
      'the file holds more nodes, names and dimensions than is allowed',
    );
}

type Int64 = ReturnType<protobuf.Reader['int64']>;

function toNumber(value: Int64 | number): number {
  return typeof value === 'number' ? value : value.high * 2 ** 32 + (value.low >>> 0);
}

/** A varint of up to 64 bits, signed; beyond 2^53 only its magnitude is right. */
export function int<T>(set: (target: T, value: number) => void): FieldReader<T> {
  return (target, cursor, wireType) => {
    expectWire(wireType, VARINT);
    set(target, toNumber(cursor.reader.int64()));
  };
}

export function text<T>(set: (target: T, value: string) => void): FieldReader<T> {
  return (target, cursor, wireType) => {
    expectWire(wireType, LENGTH);
    keep(cursor);
    set(target, bytesHere(cursor).toString('utf8'));
  };
}

/** Bytes without a copy. */
export function bytes<T>(set: (target: T, value: Uint8Array) => void): FieldReader<T> {
  return (target, cursor, wireType) => {
    expectWire(wireType, LENGTH);
    set(target, bytesHere(cursor));
  };
}

function bytesHere(cursor: Cursor): Buffer {
  const { reader } = cursor;
  const length = lengthOf(cursor);
  const start = reader.pos;
  reader.skip(length);
  return Buffer.from(reader.buf.buffer, reader.buf.byteOffset + start, length);
}

/** A message; one that comes twice is merged, as every protobuf library does. */
export function message<K extends string, M>(
  key: K,
  type: () => MessageType<M>,
): FieldReader<Record<K, M | undefined>> {
  return (target, cursor, wireType) => {
    const value = target[key] ?? type().make();
    target[key] = value;
    decodeNested(cursor, type(), value, wireType);
  };
}

export function messages<K extends string, M>(
  key: K,
  type: () => MessageType<M>,
): FieldReader<Readonly<Record<K, M[]>>> {
  return (target, cursor, wireType) => {
    const value = type().make();
    target[key].push(value);
    decodeNested(cursor, type(), value, wireType);
  };
}

function decodeNested<M>(cursor: Cursor, type: MessageType<M>, value: M, wireType: number): void {
  expectWire(wireType, LENGTH);
  keep(cursor, MESSAGE_WEIGHT);
  const length = lengthOf(cursor);
  const outerEnd = cursor.end;
  cursor.end = cursor.reader.pos + length;
  cursor.depth += 1;
  if (cursor.depth > MAX_DEPTH)
    throw inferenceProblem('unprocessable', 'onnx_too_deep', `messages are nested deeper than ${MAX_DEPTH} levels`);
  decodeFields(cursor, type, value);
  cursor.depth -= 1;
  cursor.end = outerEnd;
}

type Scalar = 'varint' | 'float' | 'double';
const SCALAR_WIRE = { varint: VARINT, float: FIXED32, double: FIXED64 } as const;

function readScalar(reader: protobuf.Reader, scalar: Scalar): number {
  if (scalar === 'varint') return toNumber(reader.int64());
  return scalar === 'float' ? reader.float() : reader.double();
}

/** Repeated numbers, packed or not. All are counted, the first are kept. */
export function numbers<T>(scalar: Scalar, list: (target: T) => NumberList): FieldReader<T> {
  return (target, cursor, wireType) => {
    const { reader } = cursor;
    const into = list(target);
    if (wireType !== LENGTH) {
      expectWire(wireType, SCALAR_WIRE[scalar]);
      pushNumber(into, readScalar(reader, scalar));
      return;
    }
    const length = lengthOf(cursor);
    const end = reader.pos + length;
    if (scalar !== 'varint' && into.head.length >= HEAD_LENGTH) {
      const width = scalar === 'float' ? 4 : 8;
      if (length % width !== 0) throw new RangeError(`${length} bytes are no whole number of ${scalar}s`);
      into.count += length / width;
      reader.skip(length);
      return;
    }
    while (reader.pos < end) pushNumber(into, readScalar(reader, scalar));
    if (reader.pos > end) throw new RangeError('a packed list ends past its field');
  };
}

/** Repeated numbers, packed or not, that are all kept; 64-bit integers beyond 2^53 are an error. */
export function allNumbers<T>(scalar: Scalar, list: (target: T) => number[]): FieldReader<T> {
  return (target, cursor, wireType) => {
    const { reader } = cursor;
    const into = list(target);
    const isPacked = wireType === LENGTH;
    if (!isPacked) expectWire(wireType, SCALAR_WIRE[scalar]);
    const end = isPacked ? lengthOf(cursor) + reader.pos : reader.pos + 1;
    while (reader.pos < end) {
      const value = readScalar(reader, scalar);
      if (scalar === 'varint' && !Number.isSafeInteger(value)) throw new SyntaxError('an integer beyond 2^53');
      into.push(value);
    }
    if (isPacked && reader.pos > end) throw new RangeError('a packed list ends past its field');
  };
}

function pushNumber(into: NumberList, value: number): void {
  into.count += 1;
  if (into.head.length < HEAD_LENGTH) into.head.push(value);
}

/** Repeated integers that are all kept: dimensions. */
export function integers<T>(list: (target: T) => number[]): FieldReader<T> {
  const pushOne = (target: T, cursor: Cursor): void => {
    keep(cursor);
    list(target).push(toNumber(cursor.reader.int64()));
  };
  return (target, cursor, wireType) => {
    if (wireType !== LENGTH) {
      expectWire(wireType, VARINT);
      pushOne(target, cursor);
      return;
    }
    const length = lengthOf(cursor);
    const end = cursor.reader.pos + length;
    while (cursor.reader.pos < end) pushOne(target, cursor);
    if (cursor.reader.pos > end) throw new RangeError('a packed list ends past its field');
  };
}
