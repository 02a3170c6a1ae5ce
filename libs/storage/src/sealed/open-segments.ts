import { createDecipheriv, type KeyObject } from 'node:crypto';
import { chunkPassed } from '../dead-buffers.js';
import { SEALED_SEGMENT_BYTES, TAG_BYTES, nonceOf } from './seal-layout.js';

/** What is needed to open segments of one object. */
export interface Opener {
  readonly key: KeyObject;
  /** How many segments the object has. */
  readonly count: number;
  /** What the whole is. */
  readonly binding: Buffer;
  /** The refusal for a segment that does not open. */
  readonly corrupt: (detail: string) => Error;
}

/** Opens the segments that `source` holds one after another, the first of which is number `first`. Nothing of a segment comes out before its tag was checked. */
export async function* openSegments(
  source: AsyncIterable<Uint8Array>,
  opener: Opener,
  { first, last }: { readonly first: number; readonly last: number },
): AsyncGenerator<Buffer, void> {
  let index = first;
  for await (const segment of cut(source)) {
    if (index > last) throw opener.corrupt('it goes on behind its last segment');
    yield openSegment(segment, opener, index++);
  }
  if (index <= last) throw opener.corrupt(`it ends before segment ${index} of ${opener.count}`);
}

/** @throws the opener's refusal. */
export function openSegment(segment: Uint8Array, { key, count, binding, corrupt }: Opener, index: number): Buffer {
  const isLast = index === count - 1;
  const body = segment.byteLength - TAG_BYTES;
  if (body < 0) throw corrupt(`segment ${index} of ${count} is cut off`);
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(index, isLast), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(segment.subarray(body));
  if (isLast) decipher.setAAD(binding);
  const plain = decipher.update(segment.subarray(0, body));
  chunkPassed(2 * plain.length);
  try {
    decipher.final();
  } catch {
    throw corrupt(`segment ${index} of ${count} was changed, or belongs to another object or tenant`);
  }
  return plain;
}

/** Pieces of one sealed segment each, the last one shorter. */
async function* cut(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const pending = Buffer.allocUnsafeSlow(SEALED_SEGMENT_BYTES);
  let filledBytes = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.byteLength;) {
      const piece = chunk.subarray(at, at + SEALED_SEGMENT_BYTES - filledBytes);
      at += piece.byteLength;
      if (piece.byteLength === SEALED_SEGMENT_BYTES) {
        yield piece;
        continue;
      }
      pending.set(piece, filledBytes);
      filledBytes += piece.byteLength;
      if (filledBytes < SEALED_SEGMENT_BYTES) continue;
      yield pending;
      filledBytes = 0;
    }
  }
  if (filledBytes > 0) yield pending.subarray(0, filledBytes);
}
