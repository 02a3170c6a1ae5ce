import type { Readable } from 'node:stream';
import { ByteMeter, chunksOf } from '../byte-meter.js';
import type { ObjectInfo, PutOptions } from '../object-store.port.js';
import { storageProblem } from '../storage-problem.js';
import { PartReader } from './part-reader.js';
import type { S3Bucket } from './s3-bucket.js';
import type { TenantKeys } from './s3-keys.js';

const PART_BYTES = 8 * 1024 * 1024;
/** With the part that is being filled: 24 MiB an upload. */
const PARTS_IN_FLIGHT = 2;

/** A stream on its way into the bucket. */
interface Passage {
  readonly bucket: S3Bucket;
  readonly keys: TenantKeys;
  readonly parts: PartReader;
  /** Once the last byte was read. @throws {ProblemError} `storage.digest_mismatch`. */
  readonly finish: () => ObjectInfo;
}

/**
 * Stores the bytes under their digest. Up to one part (8 MiB): one PUT. More, with the digest announced: parts straight to the object's key, completed only if the digest is right.
 * More, of unknown digest: parts to a temporary key, and a copy within the server once the digest is known.
 */
export async function putStream(
  bucket: S3Bucket,
  keys: TenantKeys,
  bytes: Readable | Uint8Array,
  options: PutOptions,
): Promise<ObjectInfo> {
  const announcedKey = options.expectedDigest === undefined ? undefined : keys.object(options.expectedDigest);
  const meter = new ByteMeter(options.maxSizeBytes);
  const parts = new PartReader(chunksOf(bytes), meter, PART_BYTES);
  const passage = { bucket, keys, parts, finish: () => meter.finish(options) };
  try {
    const first = await parts.next();
    if (!first || parts.hasEnded) return await putWhole(passage, first ?? Buffer.alloc(0));
    if (announcedKey === undefined) return await putUnnamed(passage, first);
    if (await bucket.head(announcedKey)) return await readOnly(passage, first);
    return await putParts(passage, first, announcedKey);
  } finally {
    await parts.close();
  }
}

async function putWhole({ bucket, keys, finish }: Passage, bytes: Buffer): Promise<ObjectInfo> {
  const info = finish();
  const key = keys.object(info.digest);
  if ((await bucket.put(key, bytes, { ifAbsent: true })) === undefined) await requireThere(bucket, key);
  return info;
}

/** The object is there already; that the bytes are the announced ones is still to be proven. */
async function readOnly({ parts, finish }: Passage, first: Buffer): Promise<ObjectInfo> {
  for (let part: Buffer | undefined = first; part; part = await parts.next()) parts.release(part);
  return finish();
}

async function putParts(passage: Passage, first: Buffer, key: string): Promise<ObjectInfo> {
  const { bucket, parts, finish } = passage;
  const upload = await bucket.startMultipart(key);
  let info: ObjectInfo | undefined;
  await upload.run(async (add) => {
    for (let part: Buffer | undefined = first; part; part = await parts.next()) {
      const sent = part;
      await add(async (number) => {
        const done = await upload.sendPart(number, sent);
        parts.release(sent);
        return done;
      }, PARTS_IN_FLIGHT);
    }
    info = finish();
  });
  if (!(await upload.complete({ ifAbsent: true }))) await requireThere(bucket, key);
  if (!info) throw new TypeError('an upload that ran has a digest');
  return info;
}

async function putUnnamed(passage: Passage, first: Buffer): Promise<ObjectInfo> {
  const { bucket, keys } = passage;
  const key = keys.unnamed();
  try {
    const info = await putParts(passage, first, key);
    const from = await bucket.head(key);
    if (!from) throw storageProblem.unavailable('the S3 server lost an upload');
    const target = keys.object(info.digest);
    if (!(await bucket.head(target)) && !(await bucket.copy(key, target, from))) await requireThere(bucket, target);
    return info;
  } finally {
    await bucket.delete(key);
  }
}

/** A write that found the key taken is done, since keys name their content; one that lost to a deletion is not. */
async function requireThere(bucket: S3Bucket, key: string): Promise<void> {
  if (!(await bucket.head(key))) throw storageProblem.unavailable('a concurrent deletion was faster; try again');
}
