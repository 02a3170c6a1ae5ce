import { createHash } from 'node:crypto';
import { Transform, pipeline, type Readable } from 'node:stream';
import type { Digest } from '@myriad/kernel';
import type { ObjectInfo, PutOptions } from './object-store.port.js';
import { chunkPassed } from './dead-buffers.js';
import { storageProblem } from './storage-problem.js';

const SLICE_BYTES = 256 * 1024;

/** Counts and hashes the bytes that pass, and refuses those over a limit. */
export class ByteMeter {
  private readonly hash = createHash('sha256');
  private countedBytes = 0;

  constructor(private readonly maxSizeBytes = Number.MAX_SAFE_INTEGER) {}

  get sizeBytes(): number {
    return this.countedBytes;
  }

  /** @throws {ProblemError} `storage.too_large`. */
  add(chunk: Uint8Array): void {
    this.countedBytes += chunk.byteLength;
    if (this.countedBytes > this.maxSizeBytes) throw storageProblem.tooLarge(this.maxSizeBytes);
    this.hash.update(chunk);
    chunkPassed(chunk.byteLength);
  }

  /** Ends the count. @throws {ProblemError} `storage.digest_mismatch` when another digest was announced. */
  finish({ expectedDigest }: PutOptions = {}): ObjectInfo {
    const digest: Digest = `sha256:${this.hash.digest('hex')}`;
    if (expectedDigest !== undefined && digest !== expectedDigest)
      throw storageProblem.digestMismatch(expectedDigest, digest);
    return { digest, sizeBytes: this.countedBytes };
  }
}

/** The bytes piece by piece, each small enough to hash without holding up the event loop. A stream that ends early throws its error. */
export async function* chunksOf(bytes: Readable | Uint8Array): AsyncGenerator<Uint8Array, void> {
  if (bytes instanceof Uint8Array) {
    for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
    return;
  }
  for await (const chunk of bytes) yield typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
}

/** Passes the chunks on and counts them. @throws {ProblemError} `storage.too_large`. */
export async function* metered(chunks: AsyncIterable<Uint8Array>, meter: ByteMeter): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    meter.add(chunk);
    yield chunk;
  }
}

/**
 * Passes `source` on, and ends in the error `storage.corrupt` instead of `end` when it was not the object's bytes. The last chunk is held back until the check: whoever counts bytes, as an
 * HTTP client does, never takes damaged ones for whole. Destroying the result destroys the source.
 */
export function verified(source: Readable, { digest, sizeBytes }: ObjectInfo): Readable {
  const meter = new ByteMeter();
  let held: Buffer | undefined;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      meter.add(chunk);
      const next = held;
      held = chunk;
      done(null, next);
    },
    flush(done) {
      const found = meter.finish();
      const detail = `${found.sizeBytes} of ${sizeBytes} bytes, with the digest ${found.digest}`;
      if (found.digest === digest) done(null, held);
      else done(storageProblem.corrupt(digest, detail));
    },
  });
  return pipeline(source, check, () => undefined);
}

/** The whole in memory, or its first `sizeBytes` bytes. */
export async function collect(source: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<Buffer> {
  const whole = Buffer.allocUnsafe(sizeBytes);
  let filledBytes = 0;
  for await (const chunk of source) {
    const taken = chunk.subarray(0, sizeBytes - filledBytes);
    whole.set(taken, filledBytes);
    filledBytes += taken.byteLength;
  }
  return whole.subarray(0, filledBytes);
}
