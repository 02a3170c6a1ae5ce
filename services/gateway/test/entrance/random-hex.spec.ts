import { describe, expect, it } from '@jest/globals';
import { randomHex } from '../../src/entrance/random-hex.js';

describe('randomHex', () => {
  it('gives as many digits as asked for, and none twice, over many refills', () => {
    const seen = Array.from({ length: 5000 }, (_, i) => randomHex(8 + (i % 17)));
    for (const [i, text] of seen.entries()) expect(text).toMatch(new RegExp(`^[0-9a-f]{${2 * (8 + (i % 17))}}$`));
    expect(new Set(seen.map((text) => text.slice(0, 16))).size).toBe(seen.length);
  });
});
