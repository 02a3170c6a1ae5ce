import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tenantId } from '@myriad/kernel';
import { FileObjectStore } from '@myriad/storage';
import { type TempFolder, tempFolder } from '@myriad/testing';
import { DuckdbDatasetReader } from '../../src/adapters/duckdb/duckdb-dataset-reader.js';
import type { Suite } from '../../src/domain/suite.js';
import type { Table } from '../../src/domain/table.js';

const aa = tenantId('aa');
const suite = {
  name: 'late',
  task: 'binary-classification',
  features: [
    { name: 'distance', kind: 'numeric' },
    { name: 'gate', kind: 'categorical' },
  ],
  label: 'late',
} as unknown as Suite;

describe('DuckdbDatasetReader', () => {
  let folder: TempFolder;
  let store: FileObjectStore;
  beforeAll(async () => {
    folder = await tempFolder();
    store = await FileObjectStore.open({ root: folder.path });
  });
  afterAll(() => folder.remove());

  const read = async (text: string): Promise<Table> => {
    const { digest } = await store.put(aa, Buffer.from(text));
    const dataset = { datasetName: 'golden', version: 1, digest, format: 'csv' as const };
    return new DuckdbDatasetReader(store).read(aa, dataset, suite);
  };

  it('keeps categories as they are written, and takes a missing number for NaN', async () => {
    const table = await read('distance,gate,late\n1.5,01,0\n,7,1\n');
    expect(table.columns.get('gate')?.values).toEqual(['01', '7']);
    expect([...(table.columns.get('distance')?.values ?? [])]).toEqual([1.5, Number.NaN]);
    expect([...table.labels]).toEqual([0, 1]);
  });

  it('reads another delimiter, quotes that come late, and labels that are truth values', async () => {
    const plain = Array.from({ length: 30 }, (_, row) => `${row};A;true`).join('\n');
    const table = await read(`distance;gate;late\n${plain}\n9;"B;C";false\n`);
    expect(table.rows).toBe(31);
    expect(table.columns.get('gate')?.values.at(-1)).toBe('B;C');
    expect(table.labels.at(-1)).toBe(0);
  });

  it.each([
    ['a label that is neither 0 nor 1', 'distance,gate,late\n1,A,2\n'],
    ['a missing label', 'distance,gate,late\n1,A,\n'],
    ['a column that is not there', 'distance,late\n1,0\n'],
    ['a number that is none', 'distance,gate,late\nfar,A,0\n'],
  ])('refuses %s', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'evaluator.dataset_unusable' });
  });
});
