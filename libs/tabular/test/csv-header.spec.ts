import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { tempFolder } from '@myriad/testing';
import fc from 'fast-check';
import { csvHeaderOf, delimiterOf } from '../src/index.js';

describe('csvHeaderOf', () => {
  it.each([
    ['a,b\n1,2', ['a', 'b'], ','],
    ['a;b;"c,d,e,f"\r\n', ['a', 'b', 'c,d,e,f'], ';'],
    ['a\tb', ['a', 'b'], '\t'],
    ['a|b|c\r', ['a', 'b', 'c'], '|'],
    ['only', ['only'], ','],
    ['\uFEFFa, b ,c', ['a', 'b', 'c'], ','],
    ['"a ""quoted""","line\nend",c\n1', ['a "quoted"', 'line\nend', 'c'], ','],
    ['a,,b', ['a', '', 'b'], ','],
    ['a,"never closed\n1,2', ['a', ''], ','],
    ['', [''], ','],
  ])('reads %j', (text, names, delimiter) => {
    expect(csvHeaderOf(text)).toEqual({ names, delimiter });
  });

  it('gives back any names that were written by the rules, whatever the delimiter', () => {
    const name = fc.string({ minLength: 1, maxLength: 8, unit: 'binary' }).filter((text) => text.trim() === text);
    fc.assert(
      fc.property(fc.array(name, { minLength: 2, maxLength: 6 }), fc.constantFrom(',', ';', '\t', '|'), (names, by) => {
        const text = names.map((one) => `"${one.replaceAll('"', '""')}"`).join(by);
        expect(csvHeaderOf(`${text}\n1`)).toEqual({ names, delimiter: by });
      }),
    );
  });

  it.each([
    ['quotes', '"'.repeat(1_000_001)],
    ['an open quote', `"${'a'.repeat(1_000_000)}`],
    ['doubled quotes in an open one', `"${'""'.repeat(500_000)}`],
    ['delimiters', ','.repeat(1_000_000)],
    ['names', Array.from({ length: 150_000 }, (_, at) => at.toString(36)).join()],
  ])('takes no longer for a megabyte of %s than for any other', (_what, text) => {
    const fromMs = performance.now();
    csvHeaderOf(text);
    expect(performance.now() - fromMs).toBeLessThan(1_000);
  });
});

describe('delimiterOf', () => {
  it('reads the header of a file', async () => {
    const folder = await tempFolder();
    try {
      const path = join(folder.path, 'a.csv');
      await writeFile(path, 'a;b\n1,5;2,5\n');
      expect(await delimiterOf(path)).toBe(';');
    } finally {
      await folder.remove();
    }
  });
});
