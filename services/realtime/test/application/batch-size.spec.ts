import { describe, expect, test } from '@jest/globals';
import { BatchSize } from '../../src/application/batch-size.js';

/** Full runs of a model that takes `micros(rows)`. */
function settle(size: BatchSize, micros: (rows: number) => number, runs = 200): number {
  for (let i = 0; i < runs; i += 1) size.ran(size.rows, micros(size.rows));
  return size.rows;
}

describe('BatchSize', () => {
  test('grows as long as a row gets cheaper by it', () => {
    // a run costs 1,000 µs however few rows, and 10 a row: worth it until the rows cost most
    expect(settle(new BatchSize(), (rows) => 1_000 + 10 * rows)).toBeGreaterThanOrEqual(128);
    expect(settle(new BatchSize(), (rows) => 1_000 * rows)).toBeLessThanOrEqual(2);
  });

  test('no run takes so long that who comes next has to wait for it', () => {
    const size = new BatchSize();
    settle(size, (rows) => 20_000 * rows ** 0.8);
    expect(size.rows).toBeLessThanOrEqual(4);
  });

  test('shrinks where more rows made a row dearer, and tries again much later', () => {
    const size = new BatchSize();
    const dear = (rows: number): number => (rows > 4 ? 500 * rows : 2_000 + rows);
    expect(settle(size, dear)).toBe(4);
    expect(settle(size, (rows) => 2_000 + rows, 2_000)).toBeGreaterThan(4);
  });

  test('runs that were not full do not count', () => {
    const size = new BatchSize();
    settle(size, (rows) => 1_000 + rows, 3);
    const before = size.rows;
    for (let i = 0; i < 100; i += 1) size.ran(1, 1_000);
    expect(size.rows).toBe(before);
  });
});
