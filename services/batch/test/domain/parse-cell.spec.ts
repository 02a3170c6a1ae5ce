import { describe, expect, it } from '@jest/globals';
import { type Cell, parseCell } from '../../src/domain/parse-cell.js';

const valueOf = (cell: Cell): unknown => (cell.ok ? cell.value : undefined);

describe('parseCell', () => {
  it.each([
    ['1', 1],
    ['-2.5e-3', -0.0025],
    ['+.5', 0.5],
    [' 7 ', 7],
    ['', NaN],
    [null, NaN],
    ['NaN', NaN],
  ])('reads %p as the number %p', (text, value) => {
    expect(valueOf(parseCell(text, 'FP32'))).toBe(value);
  });

  it.each(['x', '0x10', '1e39', '-1e39', 'Infinity', '1,5', '1_000', '--1', '1e', '.'])(
    'refuses %p as FP32',
    (text) => {
      expect(parseCell(text, 'FP32').ok).toBe(false);
    },
  );

  it('keeps of a double what FP64 can hold', () => {
    expect(valueOf(parseCell('1e39', 'FP64'))).toBe(1e39);
    expect(parseCell('1e309', 'FP64').ok).toBe(false);
  });

  it('reads whole numbers to the last digit, and as tools write them', () => {
    expect(valueOf(parseCell('9223372036854775807', 'INT64'))).toBe(2n ** 63n - 1n);
    expect(valueOf(parseCell('+5', 'INT64'))).toBe(5n);
    expect(valueOf(parseCell('5.0', 'INT32'))).toBe(5);
    for (const text of ['9223372036854775808', '5.5', '', '1e30', 'five'])
      expect(parseCell(text, 'INT64').ok).toBe(false);
  });

  it.each([
    ['UINT8', '255', '256'],
    ['INT8', '-128', '-129'],
    ['INT16', '32767', '32768'],
    ['INT32', '-2147483648', '2147483648'],
  ] as const)('holds %s to its range', (datatype, inside, outside) => {
    expect(valueOf(parseCell(inside, datatype))).toBe(Number(inside));
    expect(parseCell(outside, datatype).ok).toBe(false);
  });

  it('reads truth values, and texts as they are', () => {
    expect(['true', 'False', '1', '0'].map((text) => valueOf(parseCell(text, 'BOOL')))).toEqual([1, 0, 1, 0]);
    for (const text of ['yes', '', '__proto__', 'constructor']) expect(parseCell(text, 'BOOL').ok).toBe(false);
    expect(['', ' a ', null].map((text) => valueOf(parseCell(text, 'BYTES')))).toEqual(['', ' a ', '']);
  });

  it('takes no longer for a value of a million digits than for any other', () => {
    const fromMs = performance.now();
    expect(parseCell(`${'0'.repeat(1_000_000)}x`, 'FP32')).toMatchObject({ ok: false });
    expect(performance.now() - fromMs).toBeLessThan(1_000);
  });
});
