import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Rendezvous, hashText } from '../src/index.js';

const idsOf = (count: number): string[] => Array.from({ length: count }, (_none, at) => `replica-${at}`);
const keysOf = (count: number): number[] =>
  Array.from({ length: count }, (_none, at) => hashText(`tenant-${at % 997}/production/model-${at}`));
const ownersOf = (ids: readonly string[], keys: readonly number[]): string[] => {
  const replicas = new Rendezvous(ids);
  return keys.map((key) => replicas.ids[replicas.owner(key)] ?? '');
};

describe('Rendezvous', () => {
  it('agrees whatever order the replicas are given in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 20 }), fc.string(), (ids, key) => {
        const [one, other] = [new Rendezvous(ids), new Rendezvous([...ids].reverse())];
        const hash = hashText(key);
        expect(other.ids[other.owner(hash)]).toBe(one.ids[one.owner(hash)]);
        const names = (set: Rendezvous, count: number) => set.owners(hash, count).map((at) => set.ids[at]);
        expect(names(other, 3)).toEqual(names(one, 3));
        expect(one.owners(hash, 3)[0]).toBe(one.owner(hash));
      }),
    );
  });

  it('a replica that leaves moves its own keys and no other', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 12 }),
        fc.nat(),
        fc.array(fc.string(), { maxLength: 50 }),
        (n, at, texts) => {
          const ids = idsOf(n);
          const leaver = ids[at % n] ?? '';
          const rest = ids.filter((id) => id !== leaver);
          const keys = texts.map(hashText);
          const [before, after] = [ownersOf(ids, keys), ownersOf(rest, keys)];
          for (const [i, owner] of before.entries()) if (owner !== leaver) expect(after[i]).toBe(owner);
          // the next best was known before
          const set = new Rendezvous(ids);
          for (const [i, key] of keys.entries())
            if (before[i] === leaver) expect(after[i]).toBe(set.ids[set.owners(key, 2)[1] ?? -1]);
        },
      ),
    );
  });

  it.each([4, 20, 100])('one more than %d replicas takes about its share of the keys, evenly from all', (n) => {
    const keys = keysOf(20_000);
    const [before, after] = [ownersOf(idsOf(n), keys), ownersOf(idsOf(n + 1), keys)];
    const moved = before.filter((owner, at) => owner !== after[at]);
    const fair = keys.length / (n + 1);
    expect(moved.length / fair).toBeGreaterThan(0.8);
    expect(moved.length / fair).toBeLessThan(1.2);
    expect(new Set(after.filter((owner, at) => owner !== before[at]))).toEqual(new Set([`replica-${n}`]));
    const counts = idsOf(n + 1).map(() => 0);
    for (const owner of after) counts[Number(owner.split('-')[1])]! += 1;
    expect(Math.max(...counts) / fair).toBeLessThan(1.35);
    expect(Math.min(...counts) / fair).toBeGreaterThan(0.65);
  });

  it('nobody owns anything where there is nobody', () => {
    expect(new Rendezvous([]).owner(1)).toBe(-1);
    expect(new Rendezvous([]).owners(1, 3)).toEqual([]);
  });
});
