import type { ByteRange } from './object-store.port.js';
import { storageProblem } from './storage-problem.js';

/** A range within an object: both ends are bytes that exist. */
export interface ResolvedRange {
  readonly start: number;
  readonly end: number;
}

/** @throws {ProblemError} `storage.range_invalid` when the range is none, whatever the object's size. */
export function checkRange({ start, end = start }: ByteRange): void {
  const isPosition = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
  if (!isPosition(start) || !isPosition(end) || end < start)
    throw storageProblem.rangeInvalid(`${start}-${end} is not a range of bytes`);
}

/** Cuts the range at the object's end. @throws {ProblemError} `storage.range_invalid` when it starts after the last byte. */
export function resolveRange(range: ByteRange, sizeBytes: number): ResolvedRange {
  checkRange(range);
  if (range.start >= sizeBytes)
    throw storageProblem.rangeInvalid(`the range starts at byte ${range.start}, the object has ${sizeBytes} bytes`);
  return { start: range.start, end: Math.min(range.end ?? sizeBytes - 1, sizeBytes - 1) };
}

/**
 * The one range that a `Range` header asks for (RFC 9110 §14.1.2): `bytes=0-9`, `bytes=10-`, `bytes=-5` (the last five).
 * undefined when the header is absent, in another unit, malformed or asks for several ranges: then the whole is sent.
 * @throws {ProblemError} `storage.range_invalid` when nothing of it lies in the object (416).
 */
export function parseRangeHeader(header: string | undefined, sizeBytes: number): ResolvedRange | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return lastBytes(Number(last), sizeBytes);
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return resolveRange({ start: Number(first), ...(last === '' ? {} : { end: Number(last) }) }, sizeBytes);
}

function lastBytes(count: number, sizeBytes: number): ResolvedRange {
  if (count === 0 || sizeBytes === 0) throw storageProblem.rangeInvalid('the range holds no byte of the object');
  return { start: Math.max(0, sizeBytes - count), end: sizeBytes - 1 };
}
