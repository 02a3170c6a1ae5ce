import { describe, expect, it } from '@jest/globals';
import { partitionOf } from '../src/index.js';

describe('partitionOf', () => {
  it('is FNV-1a over the tenant: the published test vectors hold', () => {
    const whole = 2 ** 32;
    expect(partitionOf('a', whole)).toBe(0xe40c292c);
    expect(partitionOf('foobar', whole)).toBe(0xbf9cf968);
    expect(partitionOf('foobar/anything/else', whole)).toBe(0xbf9cf968);
    expect(partitionOf('/', whole)).toBe(0x811c9dc5);
  });

  it('spreads a thousand tenants over eight partitions evenly', () => {
    const counts = new Array<number>(8).fill(0);
    for (let n = 0; n < 1_000; n += 1) {
      const partition = partitionOf(`tenant-${n}`, 8);
      counts[partition] = counts[partition]! + 1;
    }
    for (const count of counts) expect(Math.abs(count - 125)).toBeLessThan(50);
  });
});
