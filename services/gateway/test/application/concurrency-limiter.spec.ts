import { describe, expect, it } from '@jest/globals';
import { tenantChangedV1 } from '@myriad/contracts';
import { ConcurrencyLimiter } from '../../src/application/concurrency-limiter.js';
import { IdentityTables } from '../../src/application/identity-tables.js';

const PEERS: ReadonlySet<string> = new Set(['p', 'q']);

function limiterOf(maxInFlight: number | undefined, byDefault = 7): ConcurrencyLimiter {
  const tables = new IdentityTables();
  const rateLimit = { requestsPerSecond: 1, burst: 1, ...(maxInFlight === undefined ? {} : { maxInFlight }) };
  for (const tenantId of ['aa', 'bb']) tables.setTenant({ ...tenantChangedV1.example, tenantId, rateLimit });
  return new ConcurrencyLimiter(tables, byDefault);
}

const enterTimes = (limiter: ConcurrencyLimiter, tenantId: string, times: number): number => {
  let admitted = 0;
  for (let i = 0; i < times; i += 1) if (limiter.enter(tenantId).isAdmitted) admitted += 1;
  return admitted;
};

describe('ConcurrencyLimiter', () => {
  it("lets a tenant have as many in flight as its limit says, and nobody else's count", () => {
    const limiter = limiterOf(3);
    expect(enterTimes(limiter, 'aa', 5)).toBe(3);
    expect(limiter.enter('aa')).toEqual({ isAdmitted: false, limit: 3 });
    expect(enterTimes(limiter, 'bb', 5)).toBe(3);
    limiter.leave('aa');
    expect(enterTimes(limiter, 'aa', 5)).toBe(1);
  });

  it('takes the default where the limit says nothing', () => {
    expect(enterTimes(limiterOf(undefined), 'aa', 20)).toBe(7);
  });

  it('counts what others have in flight, as they said last', () => {
    const limiter = limiterOf(10);
    limiter.share(PEERS, false);
    limiter.hear('p', [{ tenantId: 'aa', count: 4 }]);
    limiter.hear('q', [{ tenantId: 'aa', count: 9 }]);
    limiter.hear('q', [{ tenantId: 'aa', count: 3 }]);
    expect(enterTimes(limiter, 'aa', 20)).toBe(3);
    expect(enterTimes(limiter, 'bb', 20)).toBe(10);
    limiter.hear('p', []);
    expect(enterTimes(limiter, 'aa', 20)).toBe(4);
  });

  it('forgets who is gone, and keeps to its part while nobody can be heard', () => {
    const limiter = limiterOf(9);
    limiter.hear('p', [{ tenantId: 'aa', count: 8 }]);
    limiter.share(PEERS, true);
    expect(enterTimes(limiter, 'aa', 20)).toBe(3);
    limiter.share(new Set(['q']), false);
    expect(enterTimes(limiter, 'aa', 20)).toBe(6);
  });

  it('tells of those with the most, when there are too many to tell', () => {
    const limiter = limiterOf(9);
    enterTimes(limiter, 'aa', 1);
    enterTimes(limiter, 'bb', 2);
    expect(limiter.inFlight(1)).toEqual([{ tenantId: 'bb', count: 2 }]);
    limiter.leave('aa');
    expect(limiter.inFlight(5)).toEqual([{ tenantId: 'bb', count: 2 }]);
  });
});
