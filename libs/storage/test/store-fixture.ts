import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect } from '@jest/globals';
import { ProblemError, digestOf, tenantId, type Digest, type TenantId } from '@myriad/kernel';
import type { ObjectInfo, ObjectStore } from '../src/index.js';

/** One adapter under the contract, and ways to look behind it. */
export interface StoreFixture {
  readonly store: ObjectStore;
  /** Another store object on the same bytes, as another process would open it. */
  open(): Promise<ObjectStore>;
  /** Puts other bytes in place of an object's, behind the store's back. */
  damage(tenant: TenantId, digest: Digest, bytes: Buffer): Promise<void>;
  /** Names of what is no finished object or document: temporary files, temporary keys, parts of uploads. */
  leftovers(): Promise<string[]>;
  close(): Promise<void>;
}

export interface Sample {
  readonly bytes: Buffer;
  readonly digest: Digest;
}

/** New random bytes, the same nowhere else. */
export function sample(sizeBytes = 1000): Sample {
  const bytes = randomBytes(sizeBytes);
  return { bytes, digest: digestOf(bytes) };
}

/** A tenant of one test, and its neighbour, who must never see anything of it. */
export function newTenants(): readonly [TenantId, TenantId] {
  const name = randomBytes(6).toString('hex');
  return [tenantId(`t-${name}`), tenantId(`u-${name}`)];
}

/** The bytes as a stream in chunks of odd sizes. */
export function streamOf(bytes: Uint8Array, chunkBytes = 64 * 1024 - 1): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < bytes.byteLength; at += chunkBytes) yield Buffer.from(bytes.subarray(at, at + chunkBytes));
    })(),
  );
}

/** A stream that breaks off with an error after the bytes. */
export function brokenStreamOf(bytes: Uint8Array): Readable {
  return Readable.from(
    // eslint-disable-next-line @typescript-eslint/require-await -- a source that fails is asynchronous
    (async function* () {
      yield Buffer.from(bytes);
      throw new Error('the sender went away');
    })(),
  );
}

export async function read(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function listed(store: ObjectStore, tenant: TenantId): Promise<ObjectInfo[]> {
  const all: ObjectInfo[] = [];
  for await (const { digest, sizeBytes } of store.list(tenant)) all.push({ digest, sizeBytes });
  return all;
}

/** Expects a refusal with the code. */
export async function expectRefusal(promise: Promise<unknown>, code: string): Promise<void> {
  const outcome = await promise.then(
    () => 'no refusal',
    (error: unknown) => (error instanceof ProblemError ? error.code : error),
  );
  expect(outcome).toBe(code);
}
