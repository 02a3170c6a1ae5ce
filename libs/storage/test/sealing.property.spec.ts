import { readFile, chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { digestOf, type Digest, type TenantId } from '@myriad/kernel';
import fc from 'fast-check';
import type { EncryptingObjectStore } from '../src/index.js';
import { HEADER_BYTES, SEALED_SEGMENT_BYTES, SEGMENT_BYTES, plainSizeOf } from '../src/sealed/seal-layout.js';
import { openSealedFileFixture, sealedPath, type SealedFixture } from './sealed-fixture.js';
import { expectRefusal, newTenants, read, sample, streamOf } from './store-fixture.js';

/** Sizes around the borders of segments, and others. */
const sizes = fc.oneof(
  fc.constantFrom(0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 2 * SEGMENT_BYTES, 3 * SEGMENT_BYTES - 1),
  fc.nat(4 * SEGMENT_BYTES),
);

describe('what is sealed', () => {
  let fixture: SealedFixture;
  let store: EncryptingObjectStore;
  let tenant: TenantId;
  let other: TenantId;
  beforeAll(async () => {
    fixture = await openSealedFileFixture();
    store = fixture.store;
    [tenant, other] = newTenants();
  });
  afterAll(() => fixture.close());

  const pathOf = (of: TenantId, digest: Digest): string => sealedPath(join(fixture.folder, 'objects'), of, digest);
  const overwrite = async (path: string, bytes: Buffer): Promise<void> => {
    await chmod(path, 0o600);
    await writeFile(path, bytes);
  };
  const expectCorrupt = async (digest: Digest, of = tenant): Promise<void> => {
    const outcome = await store
      .get(of, digest)
      .then(read)
      .catch((error: unknown) => (error as { code: string }).code);
    expect(['storage.corrupt', 'storage.key_invalid']).toContain(outcome);
  };

  test('comes back, whole and in ranges, whatever its size and the pieces it came in', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 200_000 }), fc.nat(), fc.nat(), async (size, piece, a, b) => {
        const { bytes, digest } = sample(size);
        const chunkBytes = Math.max(piece, Math.ceil(size / 100));
        expect(await store.put(tenant, streamOf(bytes, chunkBytes))).toEqual({ digest, sizeBytes: size });
        expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
        const stored = await readFile(pathOf(tenant, digest));
        expect(plainSizeOf(stored.length)).toBe(size);
        if (size === 0) return;
        const [start, end] = [a % size, b % size].sort((one, two) => one - two) as [number, number];
        const part = await read(await store.get(tenant, digest, { start, end }));
        expect(part.equals(bytes.subarray(start, end + 1))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('no bit of it can be changed', async () => {
    const { bytes, digest } = sample(SEGMENT_BYTES + 1000);
    await store.put(tenant, bytes);
    const stored = await readFile(pathOf(tenant, digest));
    const places = fc.oneof(fc.nat(HEADER_BYTES - 1), fc.nat(stored.length - 1));
    await fc.assert(
      fc.asyncProperty(places, fc.nat(7), async (at, bit) => {
        const changed = Buffer.from(stored);
        changed[at]! ^= 1 << bit;
        await overwrite(pathOf(tenant, digest), changed);
        await expectCorrupt(digest);
      }),
      { numRuns: 80 },
    );
  });

  test('nothing can be cut off, added, moved or repeated', async () => {
    const { bytes, digest } = sample(3 * SEGMENT_BYTES + 1000);
    await store.put(tenant, bytes);
    const stored = await readFile(pathOf(tenant, digest));
    const segment = (i: number): Buffer => {
      const at = HEADER_BYTES + i * SEALED_SEGMENT_BYTES;
      return stored.subarray(at, at + SEALED_SEGMENT_BYTES);
    };
    const header = stored.subarray(0, HEADER_BYTES);
    const shapes = [[0], [0, 1], [0, 1, 2], [1, 2, 3], [0, 2, 1, 3], [0, 1, 1, 3], [0, 1, 3], [3], [0, 1, 2, 3, 3]];
    for (const shape of shapes) {
      await overwrite(pathOf(tenant, digest), Buffer.concat([header, ...shape.map(segment)]));
      await expectCorrupt(digest);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), async (length) => {
        await overwrite(pathOf(tenant, digest), stored.subarray(0, length));
        await expectCorrupt(digest);
      }),
      { numRuns: 30 },
    );
  });

  test('it is of its name only: not of another object, nor in a range, nor of another tenant', async () => {
    const [one, two] = [sample(2 * SEGMENT_BYTES), sample(2 * SEGMENT_BYTES)];
    for (const each of [tenant, other]) for (const { bytes } of [one, two]) await store.put(each, bytes);
    const foreign = await readFile(pathOf(other, one.digest));
    await overwrite(pathOf(tenant, one.digest), await readFile(pathOf(tenant, two.digest)));
    await expectCorrupt(one.digest);
    await expectRefusal(store.get(tenant, one.digest, { start: 0, end: 9 }).then(read), 'storage.corrupt');
    await overwrite(pathOf(tenant, one.digest), foreign);
    await expectRefusal(store.get(tenant, one.digest), 'storage.key_invalid');
    expect((await store.getBytes(other, one.digest)).equals(one.bytes)).toBe(true);
  });

  test('says nothing of its content, and equal bytes are not equal in two tenants', async () => {
    const text = Buffer.from('a secret that is easily found '.repeat(5000));
    const digest = digestOf(text);
    for (const each of [tenant, other]) await store.put(each, text);
    const [mine, theirs] = [await readFile(pathOf(tenant, digest)), await readFile(pathOf(other, digest))];
    expect(mine.includes('secret')).toBe(false);
    expect(mine.subarray(HEADER_BYTES).equals(theirs.subarray(HEADER_BYTES))).toBe(false);
    await store.putDocument(tenant, 'doc', text, null);
    const doc = await readFile(join(fixture.folder, 'objects', tenant, 'documents', 'doc.doc'));
    expect(doc.includes('secret')).toBe(false);
  });
});
