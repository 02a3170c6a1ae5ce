import { describe, expect, test } from '@jest/globals';
import { WarmUp } from '../../src/application/warm-up.js';

const NOW_MS = 10_000_000;

describe('WarmUp', () => {
  test('gives the newest first, each once, and says for which a rollout may wait', () => {
    const warmUp = new WarmUp(NOW_MS - 5_000);
    for (const [row, agoMs] of [
      [0, 9_000],
      [1, 1_000],
      [2, 3_000],
      [3, 2_000],
      [1, 4_000],
    ] as const)
      warmUp.add(row, NOW_MS - agoMs);
    warmUp.delete(3);
    const waiting = [...warmUp.newestFirst(NOW_MS)];
    expect(waiting.map(({ row, isRecent }) => [row, isRecent])).toEqual([
      [2, true],
      [1, true],
      [0, false],
    ]);
    expect(waiting.map(({ within }) => within !== undefined)).toEqual([true, true, false]);
  });

  test('keeps the traces of the last ten thousand', () => {
    const warmUp = new WarmUp(0);
    for (let row = 0; row < 10_100; row += 1) warmUp.add(row, NOW_MS);
    const waiting = [...warmUp.newestFirst(NOW_MS)];
    expect(waiting.every(({ isRecent }) => isRecent)).toBe(true);
    expect(waiting.filter(({ within }) => within === undefined).map(({ row }) => row)).toEqual(
      Array.from({ length: 100 }, (_none, row) => row),
    );
  });
});
