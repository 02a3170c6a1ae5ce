import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@myriad/config';
import { RULES, type World, objectStoreOfState } from '@myriad/invariants';
import { type Digest, digestOf, tenantId } from '@myriad/kernel';
import { FileObjectStore, type ObjectStore, objectStoreConfig, openObjectStore } from '@myriad/storage';
import { type TempFolder, tempFolder } from '@myriad/testing';
import { z } from 'zod';

const ACME = tenantId('acme');

describe('the rules on objects, of a state whose objects are encrypted', () => {
  let folder: TempFolder;
  let store: ObjectStore;
  let digests: readonly Digest[];
  const master = (text: string): void => {
    writeFileSync(join(folder.path, 'secrets/object-master.key'), text, { mode: 0o600 });
  };
  const open = (): Promise<ObjectStore> =>
    openObjectStore(loadConfig(z.object(objectStoreConfig), objectStoreOfState(folder.path)));
  const fileOf = (digest: Digest): string =>
    join(folder.path, 'objects', ACME, 'sealed', digest.slice(7, 9), digest.slice(9));

  beforeEach(async () => {
    folder = await tempFolder();
    mkdirSync(join(folder.path, 'secrets'));
    master('what seals the keys of this state');
    store = await open();
    const contents = ['rows of a dataset', 'a model, somewhat longer', 'rows that were stored in plain'];
    for (const content of contents.slice(0, 2)) await store.put(ACME, Buffer.from(content));
    const plain = await FileObjectStore.open({ root: join(folder.path, 'objects') });
    await plain.put(ACME, Buffer.from(contents[2]!));
    digests = contents.map((content) => digestOf(content));
  });
  afterEach(() => folder.remove());

  /** Breaches of a rule in a world in which one tenant's datasets are all that there is. */
  const breaches = async (name: string, named = digests): Promise<readonly string[]> => {
    const rows = named.map((digest) => ({ tenant_id: ACME, digest }));
    const world = {
      objects: store,
      rows: (_database: string, sql: string) => {
        if (sql.includes('from dataset_version') || sql.includes('regexp_matches')) return Promise.resolve(rows);
        if (sql.includes('information_schema')) return Promise.resolve([{ name: 'dataset_version' }]);
        return Promise.resolve(sql.includes('from tenant order by') ? [{ tenant_id: ACME }] : []);
      },
    } as unknown as World;
    return RULES.find((rule) => rule.name === name)!.breaches(world);
  };

  it('hold of what is whole, encrypted or stored before encryption was turned on', async () => {
    expect(await breaches('objects-whole')).toEqual([]);
    expect(await breaches('no-orphan-objects')).toEqual([]);
    const bytes = readdirSync(join(folder.path, 'objects', ACME, 'sealed'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    expect(bytes).toHaveLength(2);
    for (const sealed of bytes) expect(sealed.includes('rows of a dataset')).toBe(false);
  });

  it('see a changed bit, and bytes of another object in place', async () => {
    const [first, second] = digests.map(fileOf);
    const whole = readFileSync(first!);
    chmodSync(first!, 0o600);
    for (const at of [0, 40, whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(whole.readUInt8(at) ^ 1, at);
      writeFileSync(first!, damaged);
      expect(await breaches('objects-whole')).toEqual([
        expect.stringContaining(`dataset version ${digests[0]!} of acme`),
      ]);
    }
    copyFileSync(second!, first!);
    expect(await breaches('objects-whole')).toEqual([expect.stringContaining('is damaged')]);
  });

  it('see what no row names, and what a row names in vain', async () => {
    expect(await breaches('no-orphan-objects', digests.slice(1))).toEqual([
      `acme has ${digests[0]!} of 17 bytes, which no row names`,
    ]);
    await store.delete(ACME, digests[1]!);
    expect(await breaches('objects-whole')).toEqual([expect.stringContaining('no object')]);
  });

  it('see that another master secret opens nothing', async () => {
    master('another secret, of another state, that is');
    store = await open();
    expect(await breaches('objects-whole')).toHaveLength(2);
  });
});
