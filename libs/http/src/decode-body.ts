import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { ProtocolError } from './protocol-error.js';
import { tooLarge } from './read-body.js';

const DECODERS = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
]);

/**
 * Undoes a body's `Content-Encoding`. What a small body unfolds to counts like a body: at most `maxBytes`, and no more memory than that is ever taken.
 * @throws {ProtocolError} 413 when it is more, 400 when the bytes are not what the header says, 415 for an encoding that is not known.
 */
export async function decodeBody(bytes: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return bytes;
  const decode = DECODERS.get(encoding.toLowerCase());
  if (decode === undefined) {
    const detail = `sent a body encoded as '${encoding.slice(0, 40)}'; allowed is gzip, deflate or none`;
    throw new ProtocolError(415, 'http.unsupported_media_type', detail, [
      { pointer: '#header/content-encoding', detail },
    ]);
  }
  try {
    return await decode(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new ProtocolError(400, 'http.malformed_request', `the body is not ${encoding}, as its header says`);
  }
}
