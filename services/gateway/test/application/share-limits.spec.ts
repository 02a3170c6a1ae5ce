import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AWAY_AFTER_MS, GOSSIP_EVERY_MS } from '../../src/application/share-limits.js';
import { TokenBucket } from '../../src/domain/token-bucket.js';
import { RateSimulation, STEP_MS } from './rate-simulation.js';

const MAX_LATENCY_MS = 150;
/** How late the others hear of a request at most, seconds. */
const LATE_SECONDS = (GOSSIP_EVERY_MS + MAX_LATENCY_MS + 2 * STEP_MS) / 1000;

const limitOf = fc.record({
  requestsPerSecond: fc.integer({ min: 5, max: 200 }),
  burst: fc.integer({ min: 5, max: 300 }),
});
const replicasOf = fc.array(
  fc.record({
    latencyMs: fc.integer({ min: 0, max: MAX_LATENCY_MS / STEP_MS }).map((steps) => steps * STEP_MS),
    phaseMs: fc.integer({ min: 0, max: GOSSIP_EVERY_MS / STEP_MS - 1 }).map((steps) => steps * STEP_MS),
    /** Its part of the traffic. */
    weight: fc.integer({ min: 0, max: 10 }),
  }),
  { minLength: 1, maxLength: 8 },
);

describe('ShareLimits', () => {
  it('lets no more through over all replicas than the limit and the stated error, whatever the traffic', async () => {
    await fc.assert(
      fc.asyncProperty(limitOf, replicasOf, fc.integer({ min: 1, max: 6 }), async (limit, specs, perStep) => {
        const simulation = new RateSimulation(limit);
        for (const { latencyMs, phaseMs } of specs) simulation.join(latencyMs, phaseMs);
        await simulation.run(2_000);
        await simulation.run(10_000, (nowMs) => {
          specs.forEach(({ weight }, at) => {
            // it comes and goes by the second
            const isQuiet = (Math.floor(nowMs / 1000) + at) % 5 === 0;
            const replica = simulation.replicas[at]!;
            for (let i = 0; !isQuiet && i < (weight * perStep) / 2; i += 1) simulation.request(replica);
          });
        });
        const { requestsPerSecond, burst } = limit;
        const error = (specs.length - 1) * (burst + requestsPerSecond * LATE_SECONDS);
        expect(simulation.peak).toBeLessThanOrEqual(burst + error + 1);
      }),
      { numRuns: 30 },
    );
  });

  it('lets as much through as the rate allows in the long run, and little more', async () => {
    const limit = { requestsPerSecond: 50, burst: 20 };
    for (const count of [1, 2, 4, 8]) {
      const simulation = new RateSimulation(limit);
      for (let i = 0; i < count; i += 1) simulation.join(40, i * STEP_MS);
      await simulation.run(2_000);
      await simulation.run(60_000, () => {
        for (const replica of simulation.replicas) simulation.request(replica);
      });
      const exact = limit.burst + limit.requestsPerSecond * 60;
      const error = (count - 1) * (limit.burst + limit.requestsPerSecond * LATE_SECONDS);
      expect(simulation.admitted).toBeGreaterThan(exact * 0.97);
      expect(simulation.admitted).toBeLessThanOrEqual(exact + error);
    }
  });

  it('refuses nothing that one replica alone would let through, when all traffic goes to one of many', async () => {
    const limit = { requestsPerSecond: 20, burst: 30 };
    const simulation = new RateSimulation(limit);
    for (let i = 0; i < 4; i += 1) simulation.join();
    await simulation.run(2_000);
    const alone = new TokenBucket(limit, simulation.clock.nowMs());
    await simulation.run(20_000, (nowMs) => {
      expect(simulation.request(simulation.replicas[0]!)).toBe(alone.take(nowMs).isAdmitted);
    });
    expect(simulation.refused).toBeGreaterThan(100);
  });

  it('survives replicas that die and join: each adds at most its own error', async () => {
    const limit = { requestsPerSecond: 60, burst: 40 };
    const simulation = new RateSimulation(limit);
    for (let i = 0; i < 4; i += 1) simulation.join(60, i * 3 * STEP_MS);
    await simulation.run(2_000);
    const all = (): void => {
      for (const replica of simulation.replicas) simulation.request(replica);
    };
    const changes = 6;
    for (let i = 0; i < changes; i += 1) {
      await simulation.run(4_000, all);
      if (i % 2 === 0) simulation.kill(simulation.replicas[0]!);
      else simulation.join(60, i * STEP_MS);
    }
    await simulation.run(4_000, all);
    const one = limit.burst + limit.requestsPerSecond * LATE_SECONDS;
    expect(simulation.peak).toBeLessThanOrEqual(limit.burst + (3 + changes) * one);
    // and those that are left use the whole limit
    simulation.admitted = 0;
    await simulation.run(10_000, all);
    expect(simulation.admitted).toBeGreaterThan(limit.requestsPerSecond * 10 * 0.95);
  });

  it('keeps to its part of the limit when the log is away, and shares again when it is back', async () => {
    const limit = { requestsPerSecond: 80, burst: 40 };
    const simulation = new RateSimulation(limit);
    for (let i = 0; i < 4; i += 1) simulation.join(50, i * STEP_MS);
    await simulation.run(2_000);
    const all = (): void => {
      for (const replica of simulation.replicas) simulation.request(replica);
    };
    simulation.log.isAway = true;
    await simulation.run(AWAY_AFTER_MS + 2_000, all);
    simulation.admitted = 0;
    await simulation.run(30_000, all);
    expect(simulation.admitted / 30).toBeGreaterThan(limit.requestsPerSecond * 0.97);
    expect(simulation.admitted / 30).toBeLessThan(limit.requestsPerSecond * 1.03);
    const unheard = (AWAY_AFTER_MS + GOSSIP_EVERY_MS + MAX_LATENCY_MS) / 1000;
    expect(simulation.peak).toBeLessThanOrEqual(limit.burst + 3 * (limit.burst + limit.requestsPerSecond * unheard));
    simulation.log.isAway = false;
    // what was too much before each knew that the log is away is told now, and paid back
    await simulation.run(10_000);
    simulation.admitted = 0;
    await simulation.run(20_000, () => {
      simulation.request(simulation.replicas[0]!);
    });
    // the one with all the traffic has the whole limit again
    expect(simulation.admitted).toBeGreaterThan(limit.requestsPerSecond * 20 * 0.97);
  });

  it('takes a word that comes twice once', async () => {
    const simulation = new RateSimulation({ requestsPerSecond: 0.001, burst: 100 });
    const [one, two] = [simulation.join(), simulation.join()];
    await simulation.run(2_000);
    const word = { replicaId: 'gtw_9', isLeaving: false, used: [{ tenantId: 'aa', count: 30 }], anonymous: 0 };
    one.limiter.take('aa');
    for (const sequence of [1, 1, 2, 1]) one.limits.hear({ ...word, sequence });
    expect(one.limiter.take('aa').remaining).toBe(100 - 1 - 60 - 1);
    expect(two.limiter.take('aa').remaining).toBe(99);
  });
});
