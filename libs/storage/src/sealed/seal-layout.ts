import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { TenantId } from '@myriad/kernel';
import type { WrappedKey } from '../keys/tenant-keys.port.js';

/*
 * A sealed object, big-endian. Version 1 of the layout; another gets another magic.
 *
 *   byte 0   8  magic        "MYRSEAL1"
 *        8   1  suite        1: AES-256-GCM segments, key by HKDF-SHA-256
 *        9   1  segment size as a power of two: 16
 *       10   2  W            bytes of the wrapped data key, 1–464
 *       12   4  version      of the tenant's key that wraps it
 *       16  32  salt         random, so that every object has a key of its own
 *       48   W  wrapped data key, of the key service's own making
 *     48+W      zeros to byte 512
 *      512      segments: 65,536 bytes of ciphertext and a tag of 16, the last one 0–65,536 and a tag
 *
 * key of the object = HKDF-SHA-256(data key, salt, "myriad/seal/1" suite size tenant)
 * nonce of a segment = 7 zeros, index (4 bytes), 1 for the last and 0 for every other: STREAM of Hoang, Reyhanitabar, Rogaway and Vizár (2015)
 * associated data: none, but of the last segment what the whole is: "object\n<digest>\n<bytes>" or "document\n<name>"
 *
 * So a segment that is missing, moved, of another object or of another tenant does not open, and who has opened the last one knows that the whole is what its name says. Rewrapping changes only the
 * wrapped key and its version.
 */
const MAGIC = Buffer.from('MYRSEAL1', 'latin1');
const SUITE = 1;
const SEGMENT_BITS = 16;
const FIXED_BYTES = 48;
const SALT_BYTES = 32;

export const HEADER_BYTES = 512;
export const TAG_BYTES = 16;
/** Plain bytes of every segment but the last. */
export const SEGMENT_BYTES = 2 ** SEGMENT_BITS;
/** The same with its tag. */
export const SEALED_SEGMENT_BYTES = SEGMENT_BYTES + TAG_BYTES;
export const MAX_WRAPPED_BYTES = HEADER_BYTES - FIXED_BYTES;

export interface SealHeader {
  readonly salt: Buffer;
  readonly wrapped: WrappedKey;
}

export function encodeHeader({ salt, wrapped }: SealHeader): Buffer {
  const { bytes, version } = wrapped;
  if (salt.length !== SALT_BYTES || bytes.length < 1 || bytes.length > MAX_WRAPPED_BYTES)
    throw new TypeError(`a salt has ${SALT_BYTES} bytes and a wrapped key 1 to ${MAX_WRAPPED_BYTES}`);
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt8(SUITE, 8);
  header.writeUInt8(SEGMENT_BITS, 9);
  header.writeUInt16BE(bytes.length, 10);
  header.writeUInt32BE(version, 12);
  salt.copy(header, 16);
  bytes.copy(header, FIXED_BYTES);
  return header;
}

/** undefined when these are not the first bytes of something sealed, or were changed. */
export function decodeHeader(header: Buffer): SealHeader | undefined {
  if (!isSealed(header) || header.length < HEADER_BYTES) return undefined;
  if (header.readUInt8(8) !== SUITE || header.readUInt8(9) !== SEGMENT_BITS) return undefined;
  const wrappedBytes = header.readUInt16BE(10);
  const end = FIXED_BYTES + wrappedBytes;
  if (wrappedBytes < 1 || end > HEADER_BYTES || !header.subarray(end, HEADER_BYTES).every((byte) => byte === 0))
    return undefined;
  const bytes = Buffer.from(header.subarray(FIXED_BYTES, end));
  return {
    salt: Buffer.from(header.subarray(16, FIXED_BYTES)),
    wrapped: { bytes, version: header.readUInt32BE(12) },
  };
}

/** Whether the bytes begin as something sealed does. */
export function isSealed(bytes: Buffer): boolean {
  return bytes.subarray(0, MAGIC.length).equals(MAGIC);
}

/** Segments of an object of so many plain bytes; an empty one has one. */
export function segmentCount(plainBytes: number): number {
  return Math.max(1, Math.ceil(plainBytes / SEGMENT_BYTES));
}

/** How many plain bytes are in so many sealed ones; undefined when no object is sealed in that many. */
export function plainSizeOf(sealedBytes: number): number | undefined {
  const body = sealedBytes - HEADER_BYTES;
  const segments = Math.ceil(body / SEALED_SEGMENT_BYTES);
  const plainBytes = body - segments * TAG_BYTES;
  return plainBytes >= 0 && segments > 0 && segmentCount(plainBytes) === segments ? plainBytes : undefined;
}

/** The key that the segments are sealed with. */
export function objectKey(dataKey: Buffer, salt: Buffer, tenantId: TenantId): KeyObject {
  const info = `myriad/seal/1\n${SUITE}\n${SEGMENT_BITS}\n${tenantId}`;
  return createSecretKey(Buffer.from(hkdfSync('sha256', dataKey, salt, info, 32)));
}

export function nonceOf(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(index, 7);
  nonce.writeUInt8(isLast ? 1 : 0, 11);
  return nonce;
}
