import { describe, expect, it } from '@jest/globals';
import type { Snapshot } from '../src/index.js';
import { snapshotState } from '../src/snapshot/snapshot-state.js';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_000 * HOUR_MS;

const snapshot = (ageHours: number, ...positions: readonly number[]): Snapshot => ({
  madeAtMs: NOW_MS - ageHours * HOUR_MS,
  keys: 5,
  sizeBytes: 700,
  partitions: positions.map((position, partition) => ({ partition, position: String(position), witnesses: [] })),
  parts: [],
});

const stateOf = (newest: Snapshot | undefined, ends: readonly number[], sinceHours = 100) =>
  snapshotState({
    topic: 'things',
    newest,
    ends: ends.map((end, partition) => ({ topic: 'things', partition, committedOffset: 0n, endOffset: BigInt(end) })),
    afterMs: HOUR_MS,
    nowMs: NOW_MS,
    sinceMs: NOW_MS - sinceHours * HOUR_MS,
  });

describe('snapshotState', () => {
  it('says what a snapshot has, and how much came since', () => {
    expect(stateOf(snapshot(0.5, 10, 20), [12, 23])).toEqual({
      topic: 'things',
      madeAtMs: NOW_MS - HOUR_MS / 2,
      keys: 5,
      sizeBytes: 700,
      newRecords: 5,
      overdueMs: 0,
      isUsable: true,
    });
  });

  it('is overdue when records wait for longer than the schedule, and after six hours in any case', () => {
    expect(stateOf(snapshot(3, 10), [11]).overdueMs).toBe(2 * HOUR_MS);
    expect(stateOf(snapshot(3, 10), [10]).overdueMs).toBe(0);
    expect(stateOf(snapshot(8, 10), [10])).toMatchObject({ overdueMs: 2 * HOUR_MS, isUsable: true });
    expect(stateOf(snapshot(13, 10), [10])).toMatchObject({ overdueMs: 7 * HOUR_MS, isUsable: false });
  });

  it('is overdue since somebody could write it, when there is none or the topic was made anew', () => {
    expect(stateOf(undefined, [4], 2)).toMatchObject({ overdueMs: 2 * HOUR_MS, newRecords: 4, isUsable: false });
    expect(stateOf(snapshot(1, 10), [4], 2)).toMatchObject({ overdueMs: 2 * HOUR_MS, newRecords: 4, isUsable: false });
    expect(stateOf(snapshot(20, 10), [11], 0.01).overdueMs).toBe(0.01 * HOUR_MS);
  });

  it('is not missed of a topic without records', () => {
    expect(stateOf(undefined, [0, 0])).toMatchObject({ madeAtMs: undefined, overdueMs: 0, isUsable: true });
  });
});
