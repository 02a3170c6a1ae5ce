import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { slotBytesFor, WeightSlab } from '../../src/serving/weight-slab.js';

function recordOf(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed * 17) % 256);
}

function bytesOf(slab: WeightSlab, handle: number, size: number): Uint8Array {
  const start = slab.start(handle);
  return slab.memory(handle).u8.slice(start, start + size);
}

describe('a slab of weights', () => {
  test('keeps every record as it was, whatever comes and goes', () => {
    const step = fc.oneof(
      fc.record({ size: fc.oneof(fc.nat(300), fc.nat(5_000), fc.constant(700_000)) }),
      fc.record({ remove: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const slab = new WeightSlab();
        const live = new Map<number, Uint8Array>();
        for (const [seed, item] of steps.entries()) {
          if ('size' in item) {
            const record = recordOf(item.size, seed);
            const handle = slab.add(record);
            expect(live.has(handle)).toBe(false);
            expect(slab.start(handle) % 8).toBe(0);
            live.set(handle, record);
          } else if (live.size > 0) {
            const handle = [...live.keys()][item.remove % live.size]!;
            slab.remove(handle);
            live.delete(handle);
          }
          for (const [handle, record] of live)
            expect(Buffer.from(bytesOf(slab, handle, record.length)).equals(record)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('wastes at most an eighth of a record above 128 bytes', () => {
    for (let size = 129; size < 100_000; size += 37) {
      expect(slotBytesFor(size)).toBeGreaterThanOrEqual(size);
      expect(slotBytesFor(size) / size).toBeLessThanOrEqual(1.125);
      expect(slotBytesFor(size) % 8).toBe(0);
    }
  });

  test('gives pages back when nothing lives in them', () => {
    const slab = new WeightSlab();
    const empty = slab.reservedBytes;
    const handles = Array.from({ length: 20_000 }, (_, i) => slab.add(recordOf(280, i)));
    expect(slab.reservedBytes).toBeGreaterThan(20_000 * 280);
    for (const handle of handles) slab.remove(handle);
    const tables = slab.reservedBytes - empty;
    expect(tables).toBeLessThan(20_000 * 16);
    expect(() => slab.memory(handles[0]!)).toThrow(RangeError);
  });

  test('many records of 280 bytes take about what they weigh', () => {
    const slab = new WeightSlab();
    for (let i = 0; i < 100_000; i += 1) slab.add(new Uint8Array(280));
    expect(slab.reservedBytes / 100_000).toBeLessThan(280 + 60);
  });
});
