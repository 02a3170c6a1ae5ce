import type { Readable } from 'node:stream';
import type { Digest } from '@myriad/kernel';
import { ByteMeter, chunksOf, metered } from '../byte-meter.js';
import type { ObjectInfo, PutOptions } from '../object-store.port.js';
import type { Naming } from '../sealed/sealed-objects.port.js';
import { storageProblem } from '../storage-problem.js';
import { PartReader } from './part-reader.js';
import type { S3Bucket } from './s3-bucket.js';
import type { TenantPlaces } from './s3-keys.js';

const PART_BYTES = 8 * 1024 * 1024;
/** What was stored so recently counts as stored now, milliseconds. */
const RENEW_AFTER_MS = 10_000;
/** With the part that is being filled: 24 MiB an upload. */
const PARTS_IN_FLIGHT = 2;

/** Stores the bytes under their own digest. */
export async function putStream(
  bucket: S3Bucket,
  places: TenantPlaces,
  bytes: Readable | Uint8Array,
  options: PutOptions,
): Promise<ObjectInfo> {
  const meter = new ByteMeter(options.maxSizeBytes);
  let info: ObjectInfo | undefined;
  const finish = (): Digest => (info ??= meter.finish(options)).digest;
  const { expectedDigest: announced } = options;
  const naming = announced === undefined ? { finish } : { announced, finish };
  const chunks = metered(chunksOf(bytes), meter);
  await putNamed({ bucket, keyOf: (digest) => places.object(digest), unnamed: () => places.unnamed() }, chunks, naming);
  if (!info) throw new TypeError('what is stored has a digest');
  return info;
}

/** Where a stream goes. */
interface Target {
  readonly bucket: S3Bucket;
  /** The key of an object by its digest. */
  readonly keyOf: (digest: Digest) => string;
  /** A new key for bytes whose digest is not known yet. */
  readonly unnamed: () => string;
}

/** A stream on its way into the bucket. */
interface Passage extends Target {
  readonly parts: PartReader;
  /** Once the last byte was read. @throws {ProblemError} `storage.digest_mismatch`. */
  readonly finish: () => Digest;
}

/**
 * Stores the bytes under the key of a digest. Up to one part (8 MiB): one PUT. More, with the digest announced: parts straight to the object's key, completed only if the digest is right.
 * More, of unknown digest: parts to a temporary key, and a copy within the server once the digest is known.
 */
export async function putNamed(
  target: Target,
  chunks: AsyncGenerator<Uint8Array, void>,
  { announced, finish }: Naming,
): Promise<void> {
  const { bucket, keyOf } = target;
  const parts = new PartReader(chunks, PART_BYTES);
  const passage = { ...target, parts, finish };
  try {
    const announcedKey = announced === undefined ? undefined : keyOf(announced);
    const first = await parts.next();
    if (!first || parts.hasEnded) await putWhole(passage, first ?? Buffer.alloc(0));
    else if (announcedKey === undefined) await putUnnamed(passage, first);
    else if (await bucket.head(announcedKey)) await readOnly(passage, first, announcedKey);
    else await putParts(passage, first, announcedKey);
  } finally {
    await parts.close();
  }
}

async function putWhole(passage: Passage, bytes: Buffer): Promise<void> {
  const { bucket, keyOf, finish } = passage;
  const key = keyOf(finish());
  if ((await bucket.put(key, bytes, { ifAbsent: true })) === undefined) await renew(passage, key);
}

/** The object is there already; that the bytes are the announced ones is still to be proven. */
async function readOnly(passage: Passage, first: Buffer, key: string): Promise<void> {
  const { parts, finish } = passage;
  for (let part: Buffer | undefined = first; part; part = await parts.next()) parts.release(part);
  finish();
  await renew(passage, key);
}

async function putParts(passage: Passage, first: Buffer, key: string): Promise<Digest> {
  const { bucket, parts, finish } = passage;
  const upload = await bucket.startMultipart(key);
  let digest: Digest | undefined;
  await upload.run(async (add) => {
    for (let part: Buffer | undefined = first; part; part = await parts.next()) {
      const sent = part;
      await add(async (number) => {
        const done = await upload.sendPart(number, sent);
        parts.release(sent);
        return done;
      }, PARTS_IN_FLIGHT);
    }
    digest = finish();
  });
  if (!(await upload.complete({ ifAbsent: true }))) await renew(passage, key);
  if (digest === undefined) throw new TypeError('an upload that ran has a digest');
  return digest;
}

async function putUnnamed(passage: Passage, first: Buffer): Promise<void> {
  const { bucket, keyOf, unnamed } = passage;
  const key = unnamed();
  try {
    const digest = await putParts(passage, first, key);
    const from = await bucket.head(key);
    if (!from) throw storageProblem.unavailable('the S3 server lost an upload');
    const target = keyOf(digest);
    if ((await bucket.head(target)) || !(await bucket.copy(key, target, from))) await renew(passage, target);
  } finally {
    await bucket.delete(key);
  }
}

/**
 * A write that found the key taken is done, since keys name their content, but the content has to count as stored now. There and back within the server: of an object copied onto itself not
 * every server says that it changed. @throws {ProblemError} `storage.unavailable` when a deletion was faster.
 */
async function renew({ bucket, unnamed }: Target, key: string): Promise<void> {
  const there = await bucket.head(key);
  if (there && Date.now() - there.modifiedMs < RENEW_AFTER_MS) return;
  const aside = unnamed();
  try {
    if (there && (await bucket.copy(key, aside, there))) {
      const copied = await bucket.head(aside);
      if (copied && (await bucket.copy(aside, key, copied))) return;
    }
  } finally {
    await bucket.delete(aside);
  }
  throw storageProblem.unavailable('a concurrent deletion was faster; try again');
}
