import { describe, expect, test } from '@jest/globals';
import { SampleQuota } from '../../src/domain/sample-quota.js';
import { UsageLedger } from '../../src/domain/usage-ledger.js';
import { placementOf } from '../support.js';

describe('UsageLedger', () => {
  test('counts by version and starts a new window when drained', () => {
    const ledger = new UsageLedger(1_000);
    const [a, b] = [placementOf(), placementOf({ tenantId: 'bb' })];
    ledger.answered(a, 10, 50);
    ledger.answered(a, 1, 7);
    ledger.failed(a);
    ledger.answered(b, 1, 5);
    const drained = ledger.drain(2_000);
    expect(drained).toMatchObject([
      { windowStartMs: 1_000, requests: 3, rows: 11, errors: 1, computeMicros: 57 },
      { windowStartMs: 1_000, requests: 1, rows: 1, errors: 0, computeMicros: 5 },
    ]);
    expect(ledger.drain(3_000)).toEqual([]);
    ledger.failed(b);
    expect(ledger.drain(4_000)).toMatchObject([{ windowStartMs: 3_000, requests: 1, errors: 1 }]);
  });

  test('a version whose placement is made anew keeps its entry', () => {
    const ledger = new UsageLedger(0);
    const placement = placementOf();
    ledger.answered(placement, 1, 1);
    ledger.answered({ ...placement }, 2, 1);
    expect(ledger.drain(1)).toMatchObject([{ requests: 2, rows: 3 }]);
  });

  test('one version id under two tenants is counted apart', () => {
    const ledger = new UsageLedger(0);
    ledger.answered(placementOf({ versionId: 'ver_1' }), 1, 1);
    ledger.answered(placementOf({ versionId: 'ver_1', tenantId: 'bb' }), 1, 1);
    expect(ledger.drain(1)).toHaveLength(2);
  });
});

describe('SampleQuota', () => {
  test('takes its share', () => {
    const draws = [0.005, 0.5, 0.0099, 0.01];
    const quota = new SampleQuota(0.01, 100, () => draws.shift() ?? 1);
    expect([1, 2, 3, 4].map(() => quota.take(0))).toEqual([true, false, true, false]);
  });

  test('takes no more than so many a second', () => {
    const quota = new SampleQuota(1, 2, () => 0);
    expect([0, 10, 20, 999].map((ms) => quota.take(ms))).toEqual([true, true, false, false]);
    expect(quota.take(1_000)).toBe(true);
  });

  test('a share of nothing takes nothing', () => {
    expect(new SampleQuota(0, 100, () => 0).take(0)).toBe(false);
  });
});
