import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TokenBucket } from '../../src/domain/token-bucket.js';

describe('TokenBucket', () => {
  it('lets a burst through, then one for each share of a second', () => {
    const bucket = new TokenBucket({ requestsPerSecond: 2, burst: 3 }, 0);
    const at = (ms: number): boolean => bucket.take(ms).isAdmitted;
    expect([at(0), at(0), at(0), at(0)]).toEqual([true, true, true, false]);
    expect([at(499), at(500), at(600), at(1000)]).toEqual([false, true, false, true]);
  });

  it('says how many are left, and when to come again', () => {
    const bucket = new TokenBucket({ requestsPerSecond: 0.5, burst: 2 }, 0);
    expect(bucket.take(0)).toEqual({ isAdmitted: true, limit: 2, remaining: 1, resetSeconds: 2 });
    expect(bucket.take(0)).toEqual({ isAdmitted: true, limit: 2, remaining: 0, resetSeconds: 4 });
    expect(bucket.take(500)).toEqual({ isAdmitted: false, limit: 2, remaining: 0, resetSeconds: 2 });
  });

  it('never lets more through than burst and rate allow, whatever the times, even when the clock goes back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: -20, max: 400 }), { maxLength: 200 }),
        (requestsPerSecond, burst, steps) => {
          const bucket = new TokenBucket({ requestsPerSecond, burst }, 0);
          let nowMs = 0;
          let forwardMs = 0;
          let admitted = 0;
          for (const step of steps) {
            nowMs += step;
            forwardMs += Math.max(0, step);
            if (bucket.take(nowMs).isAdmitted) admitted += 1;
          }
          expect(admitted).toBeLessThanOrEqual(burst + (forwardMs * requestsPerSecond) / 1000 + 1e-6);
        },
      ),
    );
  });
});
