import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TextTable } from '../../src/domain/text-table.js';

describe('TextTable', () => {
  test('gives each text of each scope one number, as a map would', () => {
    const text = fc.string({ minLength: 0, maxLength: 12, unit: 'binary-ascii' });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.integer({ min: 0, max: 3 })), { maxLength: 400 }), (texts) => {
        const [table, twin] = [new TextTable(), new Map<string, number>()];
        for (const [one, scope] of texts) {
          const key = `${scope}/${one}`;
          expect(table.find(one, scope)).toBe(twin.get(key) ?? -1);
          if (!twin.has(key)) twin.set(key, twin.size);
          expect(table.intern(one, scope)).toBe(twin.get(key));
        }
        for (const [key, number] of twin) expect(`${table.scopeOf(number)}/${table.textOf(number)}`).toBe(key);
        expect(table.size).toBe(twin.size);
      }),
    );
  });

  test('holds more than a page of texts', () => {
    const table = new TextTable();
    const texts = Array.from({ length: 20_000 }, (_none, i) => `${'x'.repeat(100)}-${i}`);
    expect(texts.map((text) => table.intern(text))).toEqual(texts.map((_text, i) => i));
    expect(texts.every((text, i) => table.textOf(i) === text)).toBe(true);
  });

  test('refuses what it can not hold, and finds nothing of the kind', () => {
    const table = new TextTable();
    expect(() => table.intern('x'.repeat(256))).toThrow(RangeError);
    expect(() => table.intern('я')).toThrow(RangeError);
    expect(table.find('я')).toBe(-1);
  });
});
