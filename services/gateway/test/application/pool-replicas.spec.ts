import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@myriad/kernel';
import { hashText, newKeyState } from '@myriad/placement';
import { InFlight } from '../../src/application/in-flight.js';
import { Outages } from '../../src/application/outages.js';
import { PoolReplicas } from '../../src/application/pool-replicas.js';

const nothing: ReadonlySet<string> = new Set();

function setUp(count: number) {
  const clock = new FakeClock();
  const [outages, inFlight] = [new Outages(clock), new InFlight()];
  const pool = new PoolReplicas(outages, inFlight);
  const urls = Array.from({ length: count }, (_none, i) => `http://10.0.0.${i + 1}`);
  pool.setReplicas(urls.map((url, i) => ({ replicaId: `r${i}`, url })));
  return { clock, outages, inFlight, pool, urls, model: { hash: hashText('aa/production/m'), traffic: newKeyState() } };
}

describe('PoolReplicas', () => {
  it('keeps a model with its owner, also when that answers elsewhere', () => {
    const { pool, urls, model } = setUp(4);
    const owner = pool.take(model, nothing);
    for (let i = 0; i < 10; i += 1) expect(pool.take(model, nothing)).toBe(owner);
    const moved = urls.map((url, i) => ({ replicaId: `r${i}`, url: `${url}:4711` }));
    pool.setReplicas(moved);
    expect(pool.take(model, nothing)).toBe(`${owner}:4711`);
  });

  it('goes on to another when the owner has a quarter more unanswered than the mean', () => {
    const { pool, inFlight, model, urls } = setUp(2);
    for (let i = 0; i < 20; i += 1) inFlight.at(pool.take(model, nothing) ?? '').count += 1;
    const taken = urls.map((url) => inFlight.at(url).count);
    expect(Math.max(...taken)).toBeLessThanOrEqual(13);
    expect(Math.min(...taken)).toBeGreaterThanOrEqual(7);
  });

  it('avoids one that can not be reached at once, for as long as that lasts, and comes back to it', () => {
    const { pool, outages, clock, model } = setUp(3);
    const owner = pool.take(model, nothing) ?? '';
    outages.failed(owner);
    expect(pool.take(model, nothing)).not.toBe(owner);
    clock.advance(500);
    expect(pool.take(model, nothing)).toBe(owner);
    clock.advance(3_500);
    outages.failed(owner);
    clock.advance(3_999);
    expect(pool.take(model, nothing)).not.toBe(owner);
    clock.advance(1);
    expect(pool.take(model, nothing)).toBe(owner);
    outages.failed(owner);
    outages.reached(owner);
    expect(pool.take(model, nothing)).toBe(owner);
  });

  it('tries another than those that were tried, and one of them when there is no other', () => {
    const { pool, urls, model } = setUp(3);
    const tried = new Set<string>();
    for (let i = 0; i < 3; i += 1) {
      const url = pool.take(model, tried) ?? '';
      expect(tried.has(url)).toBe(false);
      tried.add(url);
    }
    expect(urls).toContain(pool.take(model, tried));
    pool.setReplicas([]);
    expect(pool.take(model, tried)).toBeUndefined();
  });
});
