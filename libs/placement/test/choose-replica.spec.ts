import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ReplicaChoice, TrafficShare, hashText, newHeat, newKeyState, type ReplicaStates } from '../src/index.js';

const idsOf = (count: number): string[] => Array.from({ length: count }, (_none, at) => `replica-${at}`);
const idle: ReplicaStates = { totalLoad: 0, load: () => 0, rank: () => 0 };

function statesOf(loads: readonly number[], ranks: readonly number[] = []): ReplicaStates {
  const totalLoad = loads.reduce((sum, load) => sum + load, 0);
  return { totalLoad, load: (at) => loads[at] ?? 0, rank: (at) => ranks[at] ?? 0 };
}

describe('ReplicaChoice', () => {
  it('keeps a cold model with its one owner while that is not over the bound', () => {
    const choice = new ReplicaChoice(idsOf(10));
    const [hash, key] = [hashText('aa/production/m'), newKeyState()];
    const first = choice.choose(hash, key, idle);
    for (let i = 0; i < 20; i += 1) expect(choice.choose(hash, key, idle)).toBe(first);
  });

  it('never takes one over the bound, nor one that is away while another answers', () => {
    const state = fc.record({ load: fc.nat(60), rank: fc.constantFrom(0, 0, 0, 1, 2) });
    fc.assert(
      fc.property(
        fc.array(state, { minLength: 1, maxLength: 12 }),
        fc.array(fc.string(), { maxLength: 30 }),
        (all, names) => {
          const choice = new ReplicaChoice(idsOf(all.length), { loadFactor: 1.25, freeLoad: 4 });
          const [loads, ranks] = [all.map(({ load }) => load), all.map(({ rank }) => rank)];
          const states = statesOf(loads, ranks);
          const bound = Math.max(4, Math.ceil((1.25 * (states.totalLoad + 1)) / all.length));
          const keys = new Map(names.map((name) => [name, newKeyState()]));
          for (const name of names) {
            const at = choice.choose(hashText(name), keys.get(name) ?? newKeyState(), states);
            expect(ranks[at]).toBe(Math.min(...ranks));
            const isOneFree = all.some(({ rank, load }) => rank === ranks[at] && load < bound);
            if (isOneFree) expect(loads[at]).toBeLessThan(bound);
          }
        },
      ),
    );
  });

  it('a hot model is spread over as many as its traffic needs, to the least loaded', () => {
    const choice = new ReplicaChoice(idsOf(10), { periodPerReplica: 110 });
    const [hot, key] = [hashText('hot'), newKeyState()];
    const loads = Array<number>(10).fill(0);
    const served = Array<number>(10).fill(0);
    const inFlight: number[] = [];
    for (let request = 0; request < 10_000; request += 1) {
      const isHot = request % 4 === 0;
      const name = `cold-${request % 3_000}`;
      const at = isHot
        ? choice.choose(hot, key, statesOf(loads))
        : choice.choose(hashText(name), newKeyState(), statesOf(loads));
      if (isHot && request > 5_000) served[at] = (served[at] ?? 0) + 1;
      loads[at] = (loads[at] ?? 0) + 1;
      inFlight.push(at);
      const done = inFlight.length > 100 ? inFlight.shift() : undefined;
      if (done !== undefined) loads[done] = (loads[done] ?? 0) - 1;
    }
    // a quarter of the traffic of ten replicas, at most half a fair share on one: five owners, a sixth now and then
    expect(served.filter((count) => count > 50).length).toBeGreaterThanOrEqual(5);
    expect(served.filter((count) => count > 50).length).toBeLessThanOrEqual(7);
    expect(Math.max(...served)).toBeLessThan(1.6 * (1_250 / 5));
  });

  it('a model alone with all traffic gets every replica, after some tens of requests', () => {
    const choice = new ReplicaChoice(idsOf(3));
    const key = newKeyState();
    const loads = [0, 0, 0];
    for (let request = 0; request < 3_000; request += 1) {
      const at = choice.choose(7, key, statesOf(loads));
      loads[at] = (loads[at] ?? 0) + 1;
    }
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThan(300);
  });

  it('a hot model stays spread when a replica joins or leaves', () => {
    const choice = new ReplicaChoice(idsOf(10));
    const key = newKeyState();
    for (let request = 0; request < 5_000; request += 1) choice.choose(7, key, idle);
    for (const count of [9, 11]) {
      choice.setReplicas(idsOf(count));
      const loads = Array<number>(count).fill(0);
      for (let request = 0; request < count; request += 1) {
        const at = choice.choose(7, key, statesOf(loads));
        loads[at] = (loads[at] ?? 0) + 1;
      }
      expect(loads).toEqual(Array(count).fill(1));
    }
  });

  it('a pool without replicas has none', () => {
    expect(new ReplicaChoice([]).choose(1, newKeyState(), idle)).toBe(-1);
  });
});

describe('TrafficShare', () => {
  it('says what share a key has of the last periods, and forgets', () => {
    const traffic = new TrafficShare(1_000);
    const [a, b] = [newHeat(), newHeat()];
    expect(traffic.note(a)).toBe(0.001);
    let share = 0;
    for (let i = 0; i < 10_000; i += 1) share = traffic.note(i % 5 === 0 ? a : b);
    expect(share).toBeCloseTo(0.8, 1);
    for (let i = 0; i < 20_000; i += 1) traffic.note(b);
    expect(traffic.note(a)).toBeLessThan(0.002);
  });

  it('is never over 1, and the shares of all keys are never over 1 together', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 50 }),
        (asked, period) => {
          const traffic = new TrafficShare(period);
          const heats = Array.from({ length: 6 }, newHeat);
          const shares = Array<number>(6).fill(0);
          for (const key of asked) {
            const share = traffic.note(heats[key] ?? newHeat());
            expect(share).toBeGreaterThan(0);
            expect(share).toBeLessThanOrEqual(1 + 1e-9);
            shares[key] = share;
          }
        },
      ),
    );
  });
});
