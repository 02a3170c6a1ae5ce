import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { fuzzMinutes, fuzzSeed } from './config.js';
import { fuzzOnce, newTally } from './fuzz-codec.js';

const CASES = 120;
/** What a long run may keep, bytes. */
const MOST_KEPT = 16 * 1_048_576;

/** Bytes in use after what nobody needs is gone. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('the codecs of JSON, bytes and gRPC, whatever is sent', () => {
  test(`are right or refuse with a code: ${CASES} requests, each in its forms and spoilt`, () => {
    const tally = newTally();
    for (let seed = fuzzSeed; seed < fuzzSeed + CASES; seed += 1) fuzzOnce(seed, tally);
    // a fuzzer whose requests all fall at the first fence tries nothing
    expect(tally.answers).toBeGreaterThan(CASES * 3);
    expect(tally.refusals.size).toBeGreaterThan(10);
  });

  (fuzzMinutes > 0 ? test : test.skip)(
    'and for as long as one likes, in constant memory',
    () => {
      const tally = newTally();
      let seed = fuzzSeed + CASES;
      const fuzzFor = (ms: number): void => {
        for (const until = performance.now() + ms; performance.now() < until; seed += 1) fuzzOnce(seed, tally);
      };
      fuzzFor(fuzzMinutes * 6_000);
      const before = bytesInUse();
      fuzzFor(fuzzMinutes * 54_000);
      const kept = bytesInUse() - before;
      const counts = { ...tally, refusals: Object.fromEntries(tally.refusals), keptBytes: kept, lastSeed: seed - 1 };
      process.stdout.write(`${JSON.stringify(counts, undefined, 1)}\n`);
      expect(kept).toBeLessThan(MOST_KEPT);
    },
    fuzzMinutes * 90_000 + 60_000,
  );
});
