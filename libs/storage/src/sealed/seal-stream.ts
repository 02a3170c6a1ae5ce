import { createCipheriv, type KeyObject } from 'node:crypto';
import { chunkPassed } from '../dead-buffers.js';
import { SEGMENT_BYTES, nonceOf } from './seal-layout.js';

/**
 * The bytes sealed: the header, then the segments. Holds one segment.
 * @param binding what the whole is; asked for when the last byte was read, and its error ends the stream
 */
export async function* sealStream(
  source: AsyncIterable<Uint8Array>,
  { header, key }: { readonly header: Buffer; readonly key: KeyObject },
  binding: () => Buffer,
): AsyncGenerator<Uint8Array, void> {
  yield header;
  const segment = Buffer.allocUnsafeSlow(SEGMENT_BYTES);
  let [filledBytes, index] = [0, 0];
  for await (const chunk of source) {
    for (let at = 0; at < chunk.byteLength;) {
      if (filledBytes === SEGMENT_BYTES) {
        yield sealSegment(key, segment, { index: index++ });
        filledBytes = 0;
      }
      const taken = chunk.subarray(at, at + SEGMENT_BYTES - filledBytes);
      segment.set(taken, filledBytes);
      filledBytes += taken.byteLength;
      at += taken.byteLength;
    }
  }
  yield sealSegment(key, segment.subarray(0, filledBytes), { index, binding: binding() });
}

/** One segment and its tag; `binding` makes it the last. */
function sealSegment(
  key: KeyObject,
  plain: Buffer,
  { index, binding }: { readonly index: number; readonly binding?: Buffer },
): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(index, binding !== undefined));
  if (binding) cipher.setAAD(binding);
  chunkPassed(2 * plain.length);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}
