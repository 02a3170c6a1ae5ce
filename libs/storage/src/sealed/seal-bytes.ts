import { randomBytes } from 'node:crypto';
import type { Digest, TenantId } from '@myriad/kernel';
import { chunksOf } from '../byte-meter.js';
import type { TenantKeys } from '../keys/tenant-keys.port.js';
import { HEADER_BYTES, TAG_BYTES, encodeHeader, objectKey, segmentCount } from './seal-layout.js';
import { objectBinding } from './sealed-reader.js';
import { sealStream } from './seal-stream.js';

/** Bytes of a sealed object of so many plain ones. */
export function sealedSizeOf(plainBytes: number): number {
  return HEADER_BYTES + plainBytes + segmentCount(plainBytes) * TAG_BYTES;
}

/** Seals the bytes of an object, which are all there and known to be right. */
export async function* sealBytes(
  { tenantId, digest }: { readonly tenantId: TenantId; readonly digest: Digest },
  bytes: Uint8Array,
  keys: TenantKeys,
): AsyncGenerator<Uint8Array, void> {
  const { plain, wrapped } = await keys.newDataKey(tenantId);
  const salt = randomBytes(32);
  const sealing = { header: encodeHeader({ salt, wrapped }), key: objectKey(plain, salt, tenantId) };
  yield* sealStream(chunksOf(bytes), sealing, () => objectBinding(digest, bytes.length));
}
