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

/** A rank 1…count with Zipf's frequencies, 1 ÷ rank^exponent, from a number in [0, 1): the continuous law, rounded down. */
export function zipfRank(uniform, count, exponent = 1) {
  if (exponent === 1) return Math.min(count, Math.floor((count + 1) ** uniform));
  const rest = 1 - exponent;
  return Math.min(count, Math.floor((1 + uniform * ((count + 1) ** rest - 1)) ** (1 / rest)));
}
