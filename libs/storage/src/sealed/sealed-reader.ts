import { Readable } from 'node:stream';
import type { Digest, TenantId } from '@myriad/kernel';
import { collect } from '../byte-meter.js';
import { resolveRange } from '../byte-range.js';
import type { TenantKeys } from '../keys/tenant-keys.port.js';
import type { ByteRange } from '../object-store.port.js';
import { storageProblem } from '../storage-problem.js';
import { openSegment, openSegments, type Opener } from './open-segments.js';
import {
  HEADER_BYTES,
  SEALED_SEGMENT_BYTES,
  SEGMENT_BYTES,
  decodeHeader,
  objectKey,
  plainSizeOf,
  segmentCount,
  type SealHeader,
} from './seal-layout.js';
import type { SealedObject } from './sealed-objects.port.js';

/** What the last segment of an object says that the whole is. */
export function objectBinding(digest: Digest, sizeBytes: number): Buffer {
  return Buffer.from(`object\n${digest}\n${sizeBytes}`);
}

type ReadableObject = Pick<SealedObject, 'sizeBytes' | 'read' | 'close'>;

/** Reads one sealed object; closes it when that is done. */
export class SealedReader {
  private constructor(
    private readonly object: ReadableObject,
    private readonly opener: Opener,
    readonly sizeBytes: number,
  ) {}

  /** Reads the header and unwraps its key. @throws {ProblemError} `storage.corrupt`, and what {@link TenantKeys.unwrap} throws; then the object is closed. */
  static async open(
    object: ReadableObject,
    { tenantId, digest, keys }: { readonly tenantId: TenantId; readonly digest: Digest; readonly keys: TenantKeys },
  ): Promise<SealedReader> {
    try {
      const corrupt = (detail: string): Error => storageProblem.corrupt(digest, detail);
      const sizeBytes = plainSizeOf(object.sizeBytes);
      if (sizeBytes === undefined) throw corrupt(`nothing is sealed in ${object.sizeBytes} bytes`);
      const { salt, wrapped } = await readHeader(object, digest);
      const key = objectKey(await keys.unwrap(tenantId, wrapped), salt, tenantId);
      const binding = objectBinding(digest, sizeBytes);
      return new SealedReader(object, { key, count: segmentCount(sizeBytes), binding, corrupt }, sizeBytes);
    } catch (error) {
      await object.close();
      throw error;
    }
  }

  /** The whole, or a range of it; the last segment is opened first, for a range whose segments can't say of which object they are. @throws {ProblemError} `storage.range_invalid`, `storage.corrupt`. */
  async stream(range?: ByteRange): Promise<Readable> {
    try {
      const { start, end } = range ? resolveRange(range, this.sizeBytes) : { start: 0, end: this.sizeBytes - 1 };
      if (range && end < (this.opener.count - 1) * SEGMENT_BYTES) await this.openLast();
      const stream = Readable.from(this.bytes(start, Math.max(end, 0)), { objectMode: false });
      return stream.once('close', () => void this.close());
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** All of it in memory. @throws {ProblemError} `storage.corrupt`. */
  async whole(): Promise<Buffer> {
    try {
      return await collect(this.bytes(0, Math.max(this.sizeBytes - 1, 0)), this.sizeBytes);
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.object.close();
  }

  private async *bytes(start: number, end: number): AsyncGenerator<Buffer, void> {
    const [first, last] = [Math.floor(start / SEGMENT_BYTES), Math.floor(end / SEGMENT_BYTES)];
    let at = first * SEGMENT_BYTES;
    // to the end of the object, so that bytes behind it are found
    const to = last === this.opener.count - 1 ? this.object.sizeBytes - 1 : offsetOf(last + 1) - 1;
    for await (const plain of openSegments(this.object.read(offsetOf(first), to), this.opener, { first, last })) {
      const part = plain.subarray(Math.max(0, start - at), end + 1 - at);
      at += plain.length;
      if (part.length > 0) yield part;
    }
  }

  private async openLast(): Promise<void> {
    const index = this.opener.count - 1;
    const [start, end] = [offsetOf(index), this.object.sizeBytes - 1];
    openSegment(await collect(this.object.read(start, end), end - start + 1), this.opener, index);
  }
}

/** The header of a sealed object. @throws {ProblemError} `storage.corrupt`. */
export async function readHeader(object: Pick<SealedObject, 'read'>, digest: Digest): Promise<SealHeader> {
  const header = decodeHeader(await collect(object.read(0, HEADER_BYTES - 1), HEADER_BYTES));
  if (!header) throw storageProblem.corrupt(digest, 'its header is none');
  return header;
}

function offsetOf(segment: number): number {
  return HEADER_BYTES + segment * SEALED_SEGMENT_BYTES;
}
