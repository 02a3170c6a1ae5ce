import { describe, expect, test } from '@jest/globals';
import { LoadHistory, type Load } from '../../src/application/load-history.js';

const load = (startedAtMs: number, more: Partial<Load> = {}): Load => ({
  startedAtMs,
  tookMs: 0.5,
  from: 'store',
  reason: '',
  ...more,
});

describe('LoadHistory', () => {
  test('tells a version’s last five loads, the newest first, and its last eviction', () => {
    const history = new LoadHistory();
    for (let n = 1; n <= 7; n += 1) {
      history.loaded({ stamp: 3 }, load(n, n === 6 ? { from: 'disk', reason: 'away' } : {}));
      history.loaded({ stamp: 4 }, load(100 + n));
      history.evicted({ stamp: 3 }, { atMs: n, uses: n, isForOwnTenant: n === 7 });
    }
    const { loads, eviction } = history.of({ stamp: 3 });
    expect(loads.map(({ startedAtMs }) => startedAtMs)).toEqual([7, 6, 5, 4, 3]);
    expect(loads[1]).toEqual(load(6, { from: 'disk', reason: 'away' }));
    expect(eviction).toEqual({ atMs: 7, uses: 7, isForOwnTenant: true });
    expect(history.of({ stamp: 5 })).toEqual({ loads: [], eviction: undefined });
  });

  test('forgets what was longest ago, and reasons with it', () => {
    const history = new LoadHistory(4);
    history.loaded({ stamp: 1 }, load(1, { reason: 'away' }));
    for (let n = 0; n < 4; n += 1) history.loaded({ stamp: 2 }, load(10 + n));
    expect(history.of({ stamp: 1 }).loads).toEqual([]);
    expect(history.of({ stamp: 2 }).loads.map(({ reason }) => reason)).toEqual(['', '', '', '']);
  });
});
