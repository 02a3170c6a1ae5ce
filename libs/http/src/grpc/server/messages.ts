import { promisify } from 'node:util';
import { gunzip, inflate, type ZlibOptions } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { GrpcFault } from './grpc-fault.js';

/*
 * A message on a stream (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md):
 *
 *   | 1 when it is compressed, 1 byte | length, uint32 big-endian | that many bytes |
 */
const PREFIX_BYTES = 5;
const DECODERS = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

/** Encodings of messages that are read. */
export const ACCEPTED_ENCODINGS = 'identity,deflate,gzip';

/** A message as it came. */
export interface Message {
  readonly isCompressed: boolean;
  readonly bytes: Buffer;
}

/** Takes messages out of the pieces in which a stream brings them. One that is larger than it may be is refused by its length, before its bytes are kept. */
export class MessageReader {
  private readonly pieces: Buffer[] = [];
  private size = 0;

  constructor(private readonly maxBytes: number) {}

  /** Whether a message has begun and not ended. */
  get isWithin(): boolean {
    return this.size > 0;
  }

  /** The messages that are whole now; views of what came. @throws {GrpcFault} RESOURCE_EXHAUSTED */
  push(piece: Buffer): Message[] {
    this.pieces.push(piece);
    this.size += piece.length;
    const messages: Message[] = [];
    while (this.size >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + this.length();
      if (this.size < end) break;
      const all = this.joined();
      messages.push({ isCompressed: all[0] === 1, bytes: all.subarray(PREFIX_BYTES, end) });
      this.size -= end;
      this.pieces.length = 0;
      if (this.size > 0) this.pieces.push(all.subarray(end));
    }
    return messages;
  }

  private length(): number {
    const head = (this.pieces[0]?.length ?? 0) >= PREFIX_BYTES ? this.pieces[0] : this.joined();
    const length = head?.readUInt32BE(1) ?? 0;
    if (length > this.maxBytes)
      throw new GrpcFault(
        status.RESOURCE_EXHAUSTED,
        `Received message larger than max (${length} vs ${this.maxBytes})`,
      );
    return length;
  }

  private joined(): Buffer {
    const [first] = this.pieces;
    if (first !== undefined && this.pieces.length === 1) return first;
    const all = Buffer.concat(this.pieces, this.size);
    this.pieces.length = 0;
    this.pieces.push(all);
    return all;
  }
}

/** The bytes of a message; at once where it is not compressed. @throws {GrpcFault} UNIMPLEMENTED, RESOURCE_EXHAUSTED, INTERNAL */
export function bytesOf(
  { isCompressed, bytes }: Message,
  encoding: string | undefined,
  maxBytes: number,
): Buffer | Promise<Buffer> {
  if (!isCompressed || encoding === undefined || encoding === 'identity') return bytes;
  if (encoding !== 'gzip' && encoding !== 'deflate')
    throw new GrpcFault(
      status.UNIMPLEMENTED,
      `Received message compressed with unsupported encoding "${encoding.slice(0, 40)}"`,
    );
  return decompressed(bytes, DECODERS[encoding], maxBytes);
}

async function decompressed(
  bytes: Buffer,
  decode: (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>,
  maxBytes: number,
): Promise<Buffer> {
  try {
    return await decode(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE')
      throw new GrpcFault(status.INTERNAL, 'Failed to decompress message');
    throw new GrpcFault(
      status.RESOURCE_EXHAUSTED,
      `Received message that decompresses to a size larger than ${maxBytes}`,
    );
  }
}

/** A message as it is sent: never compressed. */
export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, PREFIX_BYTES);
  return bytes;
}
