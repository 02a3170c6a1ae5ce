import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EvictionIndex, type EvictionLimits } from '../src/index.js';

interface Plain {
  readonly tenant: string;
  readonly bytes: number;
  readonly gain: number;
  uses: number;
  priority: number;
  order: number;
}

/** The same rule, looked up in a list. */
class PlainTwin {
  readonly entries = new Map<number, Plain>();
  private age = 0;
  private ticks = 0;

  constructor(private readonly limits: Required<EvictionLimits>) {}

  get bytes(): number {
    return [...this.entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  bytesOf(tenant: string): number {
    return [...this.entries.values()].filter((one) => one.tenant === tenant).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  add(id: number, tenant: string, bytes: number, cost: number): void {
    const gain = cost / bytes;
    this.entries.set(id, { tenant, bytes, gain, uses: 1, priority: this.age + gain, order: (this.ticks += 1) });
  }

  touch(id: number): void {
    const entry = this.entries.get(id)!;
    entry.uses += 1;
    entry.priority = this.age + entry.uses * entry.gain;
  }

  makeRoom(tenant: string, bytes: number): number[] {
    const gone: number[] = [];
    while (this.bytes + bytes > this.limits.maxBytes && this.entries.size > 0) {
      const [id, entry] = this.next(tenant, bytes);
      this.age = Math.max(this.age, entry.priority);
      this.entries.delete(id);
      gone.push(id);
    }
    return gone;
  }

  private next(tenant: string, incoming: number): [number, Plain] {
    const tenants = [...new Set([...this.entries.values()].map((one) => one.tenant))];
    const firsts = tenants.map((name) => {
      const own = [...this.entries].filter(([, one]) => one.tenant === name).sort(byPriority)[0]!;
      const bytes = this.bytesOf(name) + (name === tenant ? incoming : 0);
      const isWithin = bytes - own[1].bytes < this.limits.floorBytes;
      return { own, turn: bytes > this.limits.ceilingBytes ? 0 : isWithin ? 2 : 1 };
    });
    return firsts.sort((a, b) => a.turn - b.turn || byPriority(a.own, b.own))[0]!.own;
  }
}

const byPriority = (a: readonly [number, Plain], b: readonly [number, Plain]): number =>
  a[1].priority - b[1].priority || a[1].order - b[1].order;

const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      tenant: fc.constantFrom('a', 'b', 'c', 'd'),
      bytes: fc.integer({ min: 1, max: 40 }),
      cost: fc.integer({ min: 1, max: 1_000_000 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('touch' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), pick: fc.nat() }) },
);

describe('EvictionIndex', () => {
  it('takes out what its plain twin takes out, whatever happens', () => {
    const limits = fc.record({
      maxBytes: fc.constant(100),
      floorBytes: fc.constantFrom(0, 20, 60),
      ceilingBytes: fc.constantFrom(40, 70, 1_000),
    });
    fc.assert(
      fc.property(limits, fc.array(action, { maxLength: 120 }), (bounds, actions) => {
        const [index, twin] = [new EvictionIndex(bounds), new PlainTwin(bounds)];
        const live: number[] = [];
        const picked = (pick: number): number | undefined => live[pick % Math.max(live.length, 1)];
        for (const step of actions) {
          if (step.do === 'add') {
            const gone = index.makeRoom(step.tenant, step.bytes);
            expect(gone).toEqual(twin.makeRoom(step.tenant, step.bytes));
            for (const entry of gone) live.splice(live.indexOf(entry), 1);
            const entry = index.add(step.tenant, step.bytes, step.cost);
            expect(live).not.toContain(entry);
            twin.add(entry, step.tenant, step.bytes, step.cost);
            live.push(entry);
          } else {
            const entry = picked(step.pick);
            if (entry === undefined) continue;
            if (step.do === 'touch') {
              index.touch(entry);
              twin.touch(entry);
            } else {
              index.remove(entry);
              twin.entries.delete(entry);
              live.splice(live.indexOf(entry), 1);
            }
          }
          expect(index.bytes).toBe(twin.bytes);
          expect(index.bytes).toBeLessThanOrEqual(100);
          expect(index.size).toBe(live.length);
          for (const tenant of ['a', 'b', 'c', 'd']) expect(index.bytesOf(tenant)).toBe(twin.bytesOf(tenant));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps what is used often, dear to bring back, or small', () => {
    const index = new EvictionIndex({ maxBytes: 300 });
    const often = index.add('a', 100, 10);
    const dear = index.add('a', 100, 50);
    const plain = index.add('a', 100, 10);
    for (let i = 0; i < 3; i += 1) index.touch(often);
    expect(index.makeRoom('b', 100)).toEqual([plain]);
    const small = index.add('b', 10, 10);
    index.add('b', 90, 10);
    expect(index.makeRoom('b', 50)).not.toContain(small);
    expect(index.frequencyOf(dear)).toBe(1);
  });

  it('what was used much once does not stay for ever', () => {
    const index = new EvictionIndex({ maxBytes: 10 });
    const old = index.add('a', 1, 1);
    for (let i = 0; i < 50; i += 1) index.touch(old);
    let rounds = 0;
    for (let isThere = true; isThere && rounds < 10_000; rounds += 1) {
      isThere = !index.makeRoom('a', 1).includes(old);
      index.add('a', 1, 1);
    }
    expect(rounds).toBeGreaterThan(100);
    expect(rounds).toBeLessThan(1_000);
  });

  it('a flood of one tenant leaves the others their floor', () => {
    const index = new EvictionIndex({ maxBytes: 1_000, floorBytes: 50 });
    for (let i = 0; i < 10; i += 1) index.add(`quiet-${i}`, 50, 1);
    for (let i = 0; i < 5_000; i += 1) {
      index.makeRoom('loud', 10);
      const entry = index.add('loud', 10, 1_000);
      for (let use = 0; use < 5; use += 1) index.touch(entry);
    }
    for (let i = 0; i < 10; i += 1) expect(index.bytesOf(`quiet-${i}`)).toBe(50);
    expect(index.bytesOf('loud')).toBe(500);
  });

  it('a tenant over its ceiling gives way before anybody else, and has all memory while nobody wants it', () => {
    const index = new EvictionIndex({ maxBytes: 1_000, ceilingBytes: 400 });
    for (let i = 0; i < 100; i += 1) {
      const entry = index.add('loud', 10, 1_000);
      for (let use = 0; use < 9; use += 1) index.touch(entry);
    }
    expect(index.bytesOf('loud')).toBe(1_000);
    for (let i = 0; i < 60; i += 1) {
      index.makeRoom(`quiet-${i}`, 10);
      index.add(`quiet-${i}`, 10, 1);
    }
    expect(index.bytesOf('loud')).toBe(400);
    for (let i = 0; i < 60; i += 1) expect(index.bytesOf(`quiet-${i}`)).toBe(10);
  });
});
