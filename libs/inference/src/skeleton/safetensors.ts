import { isRecord } from '../tensors/parse-tensor.js';

/**
 * Weights in the safetensors layout (github.com/huggingface/safetensors)
 *
 *     0        8            8 + n                    end
 *     | n: u64 | JSON header | tensor data, typed and little-endian |
 *
 * The header is `{"name": {"dtype", "shape", "data_offsets": [begin, end)}}`, offsets from the end of the header. The layout has no gaps: here tensors of wide types come
 * first and the header is padded with spaces to a multiple of 8, so that every tensor lies where its type may be read.
 */
export const DTYPES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

export type Dtype = keyof typeof DTYPES;

export interface WeightTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Little-endian, row-major. */
  readonly bytes: Uint8Array;
}

const ALIGNMENT = 8;
/** The reference implementation's bound. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_RANK = 16;

/** The next multiple of the alignment. */
export function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

/** The order in which tensors lie in the blob: wide types first, else as given. */
export function inLayoutOrder<T extends { readonly dtype: Dtype }>(tensors: readonly T[]): T[] {
  return tensors.toSorted((a, b) => DTYPES[b.dtype] - DTYPES[a.dtype]);
}

/** Writes a blob. Equal tensors give equal bytes. */
export function writeSafetensors(given: readonly WeightTensor[]): Uint8Array {
  const tensors = inLayoutOrder(given);
  const entries: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  let end = 0;
  const begins = tensors.map(({ name, dtype, shape, bytes }) => {
    const begin = end;
    entries[name] = { dtype, shape, data_offsets: [begin, begin + bytes.length] };
    end = begin + bytes.length;
    return begin;
  });
  const json = Buffer.from(JSON.stringify(entries), 'utf8');
  const dataStart = aligned(8 + json.length);
  const file = new Uint8Array(dataStart + end).fill(0x20, 8, dataStart);
  new DataView(file.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  file.set(json, 8);
  for (const [i, { bytes }] of tensors.entries()) file.set(bytes, dataStart + (begins[i] ?? 0));
  return file;
}

export class SafetensorsError extends Error {}

function broken(why: string): never {
  throw new SafetensorsError(`not safetensors: ${why}`);
}

/**
 * Reads a blob; tensors are views of it, in the order of their data. Every byte belongs to exactly one tensor.
 * @throws {SafetensorsError} for a header that lies: lengths, shapes, types, gaps, overlaps, names that come twice.
 */
export function readSafetensors(file: Uint8Array): WeightTensor[] {
  if (file.length < 8) broken(`${file.length} bytes`);
  const headerLength = Number(new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true));
  if (headerLength > MAX_HEADER_BYTES || headerLength > file.length - 8)
    broken(`the header claims ${headerLength} bytes of ${file.length}`);
  const data = file.subarray(8 + headerLength);
  const tensors = parseHeader(file.subarray(8, 8 + headerLength)).map(([name, entry]) => readEntry(name, entry, data));
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of tensors) {
    if (begin !== covered) broken(`'${name}' begins at ${begin}, the data before it ends at ${covered}`);
    covered = end;
  }
  if (covered !== data.length) broken(`${data.length} bytes of data, ${covered} of them are named`);
  return tensors.map(({ name, dtype, shape, begin, end }) => ({
    name,
    dtype,
    shape,
    bytes: data.subarray(begin, end),
  }));
}

function parseHeader(bytes: Uint8Array): [string, unknown][] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    broken('the header is no JSON');
  }
  if (!isRecord(header)) broken('the header is no JSON object');
  // of two equal names JSON keeps the last: the bytes of the other are then named by none, and that is found out
  return Object.entries(header).filter(([name]) => name !== '__metadata__');
}

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function readOffsets(name: string, offsets: unknown, dataBytes: number): readonly [number, number] {
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) broken(`the offsets of '${name}'`);
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataBytes) broken(`'${name}' lies at ${begin} to ${end} of ${dataBytes} bytes`);
  return [begin, end];
}

function readEntry(name: string, entry: unknown, data: Uint8Array): Entry {
  if (!isRecord(entry)) broken(`'${name}' is described by no object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const [begin, end] = readOffsets(name, offsets, data.length);
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) broken(`'${name}' is of type ${String(dtype)}`);
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isSize)) broken(`the shape of '${name}'`);
  const sizeBytes = shape.reduce((product, size) => product * size, DTYPES[dtype as Dtype]);
  if (sizeBytes !== end - begin) broken(`'${name}' needs ${sizeBytes} bytes and has ${end - begin}`);
  return { name, dtype: dtype as Dtype, shape, begin, end };
}
