import { randomBytes } from 'node:crypto';
import type { TenantId } from '@myriad/kernel';
import type { TenantKeys } from '../keys/tenant-keys.port.js';
import { checkDocumentName } from '../object-name.js';
import type { ObjectStore } from '../object-store.port.js';
import { storageProblem } from '../storage-problem.js';
import { openSegments } from './open-segments.js';
import {
  HEADER_BYTES,
  decodeHeader,
  encodeHeader,
  isSealed,
  objectKey,
  plainSizeOf,
  segmentCount,
} from './seal-layout.js';
import type { HasSealedObjects } from './sealed-objects.port.js';
import { sealStream } from './seal-stream.js';

/** Documents sealed as objects are, where the plain ones lie. */
export class SealedDocuments {
  constructor(
    private readonly inner: ObjectStore & HasSealedObjects,
    private readonly keys: TenantKeys,
    private readonly acceptsPlaintext: boolean,
  ) {}

  async put(tenantId: TenantId, name: string, bytes: Uint8Array, expectedVersion: string | null): Promise<string> {
    const { plain, wrapped } = await this.keys.newDataKey(tenantId);
    const salt = randomBytes(32);
    const sealing = { header: encodeHeader({ salt, wrapped }), key: objectKey(plain, salt, tenantId) };
    const pieces: Uint8Array[] = [];
    for await (const piece of sealStream(once(bytes), sealing, () => documentBinding(name))) pieces.push(piece);
    return this.inner.sealed.putDocument(tenantId, name, Buffer.concat(pieces), expectedVersion);
  }

  async get(
    tenantId: TenantId,
    name: string,
  ): Promise<{ readonly bytes: Buffer; readonly version: string } | undefined> {
    const found = await this.inner.getDocument(tenantId, name);
    if (!found) return undefined;
    const { bytes: stored, version } = found;
    if (!isSealed(stored) && this.acceptsPlaintext) return found;
    const corrupt = (detail: string): Error => storageProblem.documentCorrupt(name, detail);
    const [header, sizeBytes] = [decodeHeader(stored), plainSizeOf(stored.length)];
    if (!header || sizeBytes === undefined) throw corrupt('it is not sealed as it should be');
    const key = objectKey(await this.keys.unwrap(tenantId, header.wrapped), header.salt, tenantId);
    const count = segmentCount(sizeBytes);
    const opener = { key, count, binding: documentBinding(name), corrupt };
    const segments: Buffer[] = [];
    const range = { first: 0, last: count - 1 };
    for await (const segment of openSegments(once(stored.subarray(HEADER_BYTES)), opener, range))
      segments.push(segment);
    return { bytes: Buffer.concat(segments), version };
  }
}

function documentBinding(name: string): Buffer {
  return Buffer.from(`document\n${checkDocumentName(name)}`);
}

// eslint-disable-next-line @typescript-eslint/require-await -- a source that has everything awaits nothing
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}
