import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PlacedModels } from '../../src/application/placed-models.js';
import { RecentTraffic } from '../../src/application/recent-traffic.js';

const changesOf = fc.array(
  fc.record({
    key: fc.constantFrom('aa/production/m', 'aa/production/n', 'bb/production/m'),
    pool: fc.constantFrom('', 'production/small', 'production/large'),
    generation: fc.integer({ min: 0, max: 2 ** 33 }),
  }),
  { maxLength: 40 },
);

describe('PlacedModels', () => {
  it('knows the newest pool of each, in whatever order and however often it is told', () => {
    fc.assert(
      fc.property(changesOf, (changes) => {
        const placed = new PlacedModels();
        const newest = new Map<string, { pool: string; generation: number }>();
        for (const { key, pool, generation } of changes) {
          placed.set(key, pool, generation);
          if ((newest.get(key)?.generation ?? 0) <= generation) newest.set(key, { pool, generation });
        }
        for (const [key, { pool }] of newest) expect(placed.poolOf(key)).toBe(pool);
        expect(placed.size).toBe(newest.size);
        expect(placed.poolOf('cc/production/m')).toBeUndefined();
      }),
    );
  });
});

describe('RecentTraffic', () => {
  it('keeps what is asked for again, and forgets the rest', () => {
    const traffic = new RecentTraffic(10);
    const kept = traffic.of('kept');
    const lost = traffic.of('lost');
    for (let i = 0; i < 1_000; i += 1) {
      traffic.of(`once-${i}`);
      expect(traffic.of('kept')).toBe(kept);
      expect(traffic.size).toBeLessThanOrEqual(20);
    }
    expect(traffic.of('lost')).not.toBe(lost);
  });
});
