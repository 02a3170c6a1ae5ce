import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { tempFolder } from '@myriad/testing';
import { countRows } from '../src/count-rows.js';

const WHOLE = { rows: 4, distinct: 4, first: 0, last: 3, isOrdered: true };

describe('countRows', () => {
  it.each([
    ['every row once', [0, 1, 2, 3], WHOLE],
    ['one twice', [0, 1, 1, 2, 3], { ...WHOLE, rows: 5, isOrdered: false }],
    ['one missing', [0, 1, 3], { ...WHOLE, rows: 3, distinct: 3, isOrdered: false }],
    ['two changed about', [0, 2, 1, 3], { ...WHOLE, isOrdered: false }],
    ['none', [], { rows: 0, distinct: 0, first: -1, last: -1, isOrdered: true }],
  ])('sees %s', async (_name, rows, expected) => {
    const folder = await tempFolder();
    const file = join(folder.path, 'output.csv');
    writeFileSync(file, `row,label\n${rows.map((row) => `${row},1\n`).join('')}`);
    expect(await countRows(file, 'csv')).toEqual(expected);
    await folder.remove();
  });
});
