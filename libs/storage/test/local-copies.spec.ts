import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, tenantId } from '@myriad/kernel';
import { tempFolder } from '@myriad/testing';
import { EncryptingObjectStore, FileObjectStore, openLocalCopies, type LocalCopies } from '../src/index.js';
import { localKeys } from './sealing.js';

const aa = tenantId('aa');
const bb = tenantId('bb');
/** Empty, small, more than a segment, more than is read at once. */
const SIZES = [0, 300, 70_000, 700_000];

describe.each(['plain', 'sealed'])('LocalCopies, %s', (kind) => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let copies: LocalCopies;
  beforeEach(async () => {
    folder = await tempFolder();
    const files = await FileObjectStore.open({ root: join(folder.path, 'store') });
    const keys = kind === 'sealed' ? await localKeys(folder.path) : undefined;
    const store = keys === undefined ? files : await EncryptingObjectStore.open(files, { keys });
    copies = await openLocalCopies(store, join(folder.path, 'copies'));
  });
  afterEach(() => folder.remove());

  async function fileOf(content: Buffer, tenant = aa) {
    const of = { tenantId: tenant, digest: digestOf(content) };
    return { of, file: await copies.write(of, content) };
  }
  async function paths(): Promise<string[]> {
    const entries = await readdir(join(folder.path, 'copies'), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }

  test.each(SIZES)('gives back %i bytes, and lists the file as it is', async (size) => {
    const content = randomBytes(size);
    const { of, file } = await fileOf(content);
    expect(await copies.read(of, file)).toEqual(content);
    expect(file).toEqual({ name: copies.nameOf(of), fileBytes: copies.fileBytesOf(size) });
    expect(await copies.folders()).toEqual([copies.folderOf(file.name)]);
    expect(await copies.list(copies.folderOf(file.name))).toEqual([file]);
    const [path = ''] = await paths();
    expect(await readFile(path)).toHaveLength(file.fileBytes);
    await copies.delete(file);
    await copies.delete(file);
    expect(await copies.list(copies.folderOf(file.name))).toEqual([]);
  });

  test.each(SIZES.slice(1))('refuses %i bytes that were changed, cut or begun', async (size) => {
    const content = randomBytes(size);
    const { of, file } = await fileOf(content);
    const [path = ''] = await paths();
    const right = await readFile(path);
    const changed = Buffer.from(right);
    changed[right.length - 1]! ^= 1;
    for (const wrong of [changed, right.subarray(0, -1), Buffer.alloc(0)]) {
      await writeFile(path, wrong);
      await expect(copies.read(of, file)).rejects.toThrow();
    }
    await rm(path);
    await expect(copies.read(of, file)).rejects.toThrow();
  });

  test('one object never comes for another, nor for another tenant', async () => {
    const [one, other] = [await fileOf(randomBytes(300)), await fileOf(randomBytes(300))];
    const [first = '', second = ''] = await paths();
    await rename(first, `${first}.away`);
    await rename(second, first);
    await rename(`${first}.away`, second);
    for (const { of, file } of [one, other]) await expect(copies.read(of, file)).rejects.toThrow();
    expect(copies.nameOf({ ...one.of, tenantId: bb })).not.toBe(one.file.name);
  });

  test('refuses what is larger than it may be', async () => {
    const { of, file } = await fileOf(randomBytes(300));
    await expect(copies.read(of, file, 299)).rejects.toMatchObject({ code: 'storage.too_large' });
    expect(await copies.read(of, file, 300)).toHaveLength(300);
  });

  test('writes again after somebody removed its folders', async () => {
    const content = randomBytes(300);
    const { of } = await fileOf(content);
    await rm(join(folder.path, 'copies'), { recursive: true });
    await expect(copies.write(of, content)).rejects.toThrow('ENOENT');
    expect(await copies.read(of, await copies.write(of, content))).toEqual(content);
  });
});

test('sealed copies hold nothing of what they are copies of, and no others stay beside them', async () => {
  const folder = await tempFolder();
  try {
    const keys = await localKeys(folder.path);
    const files = await FileObjectStore.open({ root: join(folder.path, 'store') });
    const content = Buffer.from('coefficients of a customer');
    const of = { tenantId: aa, digest: digestOf(content) };
    await (await openLocalCopies(files, join(folder.path, 'copies'))).write(of, content);
    const copies = await openLocalCopies(
      await EncryptingObjectStore.open(files, { keys }),
      join(folder.path, 'copies'),
    );
    await copies.write(of, content);
    const names = await readdir(join(folder.path, 'copies'), { recursive: true });
    expect(names.some((name) => name.includes(digestOf(content).slice(-20)))).toBe(false);
    const entries = await readdir(join(folder.path, 'copies'), { recursive: true, withFileTypes: true });
    const contents = await Promise.all(
      entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name))),
    );
    expect(contents.map((bytes) => bytes.includes(content))).toEqual([false]);
  } finally {
    await folder.remove();
  }
});
