import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tenantId, type Digest } from '@myriad/kernel';
import { FileObjectStore, openLocalCopies, type CopyFile, type LocalCopies } from '@myriad/storage';
import { createLogger } from '@myriad/telemetry';
import { tempFolder } from '@myriad/testing';
import { DiskTier } from '../../src/application/disk-tier.js';
import { StoreOfTest } from '../support.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const aa = tenantId('aa');

describe('DiskTier', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let made = 0;
  beforeAll(async () => {
    folder = await tempFolder();
  });
  afterAll(() => folder.remove());

  async function setUp({
    maxBytes = 10_000,
    root = '',
    copies,
  }: { maxBytes?: number; root?: string; copies?: Partial<LocalCopies> } = {}) {
    const path = root === '' ? join(folder.path, String((made += 1))) : root;
    const store = new StoreOfTest();
    const files = await openLocalCopies(await FileObjectStore.open({ root: join(path, '..', 'main') }), path);
    const chosen = copies === undefined ? files : Object.assign(Object.create(files) as LocalCopies, copies);
    const tier = new DiskTier({ store, copies: chosen, maxBytes, logger, bytesOnDisk: (fileBytes) => fileBytes });
    return { store, files, tier, path };
  }
  const put = (store: StoreOfTest, text: string): Digest => store.put('aa', Buffer.from(text));

  /** The files that there are. */
  async function filesOf(copies: LocalCopies): Promise<CopyFile[]> {
    const found: CopyFile[] = [];
    for (const folder of await copies.folders()) found.push(...(await copies.list(folder)));
    return found;
  }
  const bytesOf = (files: readonly CopyFile[]): number => files.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  const isThere = async (copies: LocalCopies, digest: Digest): Promise<boolean> =>
    (await filesOf(copies)).some(({ name }) => name === copies.nameOf({ tenantId: aa, digest }));

  test('reads from the store once, then from the disk, also after a restart with the store away', async () => {
    const { store, tier, path } = await setUp();
    await tier.open();
    const digest = put(store, 'weights');
    expect(String(await tier.getBytes(aa, digest))).toBe('weights');
    await tier.idle();
    expect(String(await tier.getBytes(aa, digest))).toBe('weights');
    expect(store.reads).toBe(1);
    const again = await setUp({ root: path });
    again.store.failure = new Error('the store is away');
    // the copies need not be listed yet
    expect(String(await again.tier.getBytes(aa, digest))).toBe('weights');
    await again.tier.open();
    expect(again.tier.holds(aa, digest)).toBe(true);
    expect(again.tier.state).toMatchObject({ bytes: 7, hits: 1, misses: 0 });
  });

  test('a damaged copy is not believed, and replaced', async () => {
    const { store, tier, path } = await setUp();
    await tier.open();
    const digest = put(store, 'weights');
    await tier.getBytes(aa, digest);
    await tier.idle();
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const file = entries.find((entry) => entry.isFile())!;
    await writeFile(join(file.parentPath, file.name), 'weighty');
    expect(String(await tier.getBytes(aa, digest))).toBe('weights');
    expect(tier.state).toMatchObject({ damaged: 1 });
    await tier.idle();
    expect(String(await tier.getBytes(aa, digest))).toBe('weights');
    expect(store.reads).toBe(2);
  });

  test('a copy that somebody removed is read from the store', async () => {
    const { store, tier, path } = await setUp();
    await tier.open();
    const digest = put(store, 'weights');
    await tier.getBytes(aa, digest);
    await tier.idle();
    await rm(path, { recursive: true });
    expect(String(await tier.getBytes(aa, digest))).toBe('weights');
  });

  test('is never larger than it may be', async () => {
    const { store, files, tier } = await setUp({ maxBytes: 100 });
    await tier.open();
    for (let i = 0; i < 30; i += 1) await tier.getBytes(aa, put(store, `weights-${10 + i}`));
    await tier.idle();
    const bytes = bytesOf(await filesOf(files));
    expect(bytes).toBe(tier.state.bytes);
    expect(bytes).toBeLessThanOrEqual(100);
    expect(bytes).toBeGreaterThan(80);
    await tier.getBytes(aa, put(store, 'x'.repeat(101)));
    await tier.idle();
    expect(tier.state.bytes).toBe(bytes);
  });

  test('counts a small copy as the block that it takes', async () => {
    const { store, files } = await setUp();
    const tier = new DiskTier({ store, copies: files, maxBytes: 3 * 4_096, logger });
    await tier.open();
    for (let i = 0; i < 5; i += 1) await tier.getBytes(aa, put(store, `weights-${i}`));
    await tier.idle();
    expect(tier.state.bytes).toBe(3 * 4_096);
  });

  test('finds fewer bytes allowed than it left, and removes what is too much', async () => {
    const { store, tier, path } = await setUp({ maxBytes: 100 });
    await tier.open();
    for (let i = 0; i < 10; i += 1) await tier.getBytes(aa, put(store, `weights-${i}`));
    await tier.idle();
    const smaller = await setUp({ root: path, maxBytes: 30 });
    await smaller.tier.open();
    await smaller.tier.idle();
    const kept = bytesOf(await filesOf(smaller.files));
    expect(kept).toBe(27);
  });

  test('a full disk costs the copies, not the answers', async () => {
    const { store, tier } = await setUp({ copies: { write: () => Promise.reject(new Error('no space left')) } });
    await tier.open();
    for (let i = 0; i < 300; i += 1) expect(String(await tier.getBytes(aa, put(store, `w${i}`)))).toBe(`w${i}`);
    await tier.idle();
    expect(tier.state).toMatchObject({ bytes: 0, misses: 300 });
    // it is not tried each time
    expect(tier.state.unwritten).toBeLessThan(70);
  });

  test('one tenant never gets the copy of another', async () => {
    const { store, tier } = await setUp();
    await tier.open();
    const digest = put(store, 'weights');
    await tier.getBytes(aa, digest);
    await tier.idle();
    await expect(tier.getBytes(tenantId('bb'), digest)).rejects.toThrow('no object');
    expect(tier.holds(tenantId('bb'), digest)).toBe(false);
  });

  test('a copy that is being written is no damaged one, and one that is forgotten meanwhile does not stay', async () => {
    let written: () => void = () => undefined;
    const writing = new Promise<void>((resolve) => (written = resolve));
    const { store, files, tier } = await setUp({
      copies: {
        write: async (...given) => {
          await writing;
          return files.write(...given);
        },
      },
    });
    await tier.open();
    const [kept, forgotten] = [put(store, 'kept'), put(store, 'forgotten')];
    for (const digest of [kept, forgotten, kept]) await tier.getBytes(aa, digest);
    tier.forget(aa, forgotten);
    written();
    await tier.idle();
    expect([tier.holds(aa, kept), tier.holds(aa, forgotten)]).toEqual([true, false]);
    expect(await isThere(files, forgotten)).toBe(false);
    expect(tier.state).toMatchObject({ damaged: 0, misses: 3, bytes: 4 });
  });

  test('forgets a copy for good', async () => {
    const { store, files, tier } = await setUp();
    await tier.open();
    const digest = put(store, 'weights');
    await tier.getBytes(aa, digest);
    await tier.idle();
    tier.forget(aa, digest);
    await tier.idle();
    expect(await isThere(files, digest)).toBe(false);
    expect(tier.state.bytes).toBe(0);
  });
});
