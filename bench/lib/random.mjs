/** A generator of numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A rank 1…count with Zipf's frequencies (exponent 1), from a number in [0, 1). */
export const zipfRank = (uniform, count) => Math.min(count, Math.floor((count + 1) ** uniform));
