import { EvictionIndex } from '@myriad/placement';

const ROUNDS = 200_000;

/** Microseconds of CPU of a use, an eviction and an addition in a full cache of `count` entries of `count / 3` tenants. */
function microsAt(count) {
  const index = new EvictionIndex({ maxBytes: count, floorBytes: 1 });
  for (let entry = 0; entry < count; entry += 1)
    index.add(`tenant-${entry % Math.ceil(count / 3)}`, 1, 1 + (entry % 97));
  const turn = (from, rounds) => {
    for (let at = from; at < from + rounds; at += 1) {
      index.touch((at * 7_919) % count);
      const tenant = `tenant-${(at * 31) % count}`;
      index.makeRoom(tenant, 1);
      index.add(tenant, 1, 1 + (at % 89));
    }
  };
  turn(0, ROUNDS / 4);
  const before = process.cpuUsage();
  turn(ROUNDS, ROUNDS);
  return process.cpuUsage(before).user / ROUNDS;
}

/** What a decision of the eviction costs, and how that grows. */
export function evictionCost(figures) {
  const small = microsAt(10_000);
  figures.add({
    name: 'use, evict and add at 10⁶ entries (reference: at 10⁴)',
    value: microsAt(1_000_000),
    unit: 'µs',
    reference: small,
    bar: { atMost: 25 },
  });
}
