import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { tempFolder } from '@myriad/testing';
import { fuzzMinutes, fuzzSeed } from '../fuzz/config.js';
import { Random } from '../random.js';
import { Fleet } from './fleet.js';
import { interleave, type Happened } from './interleave.js';
import { Replica } from './replica.js';
import { TwoStores } from './uncertain-store.js';

const RUNS = 12;
/** Memory that few models fit in, and one that all do; a session of ONNX Runtime needs more than the smallest has. */
const FLEETS = {
  small: { ways: ['kernel', 'inputs'], memory: [400, 1_000] },
  mixed: { ways: ['kernel', 'inputs', 'whole'], memory: [400_000, 10_000_000] },
} as const;
type Size = keyof typeof FLEETS;

describe('requests, placements, loads and evictions in any order, on a store and a disk that fail', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  const fleets = {} as Record<Size, { stores: TwoStores; fleet: Fleet }>;
  beforeAll(async () => {
    folder = await tempFolder();
    for (const size of ['small', 'mixed'] as const) {
      const stores = await TwoStores.open(join(folder.path, size));
      fleets[size] = { stores, fleet: await Fleet.make(stores, new Random(fuzzSeed), FLEETS[size].ways) };
    }
  }, 60_000);
  afterAll(() => folder.remove());

  const run = async (seed: number, happened: Happened): Promise<void> => {
    const random = new Random(seed);
    const size = seed % 2 === 0 ? 'small' : 'mixed';
    const { stores, fleet } = fleets[size];
    const replica = await Replica.start(stores, join(folder.path, String(seed)), random.pick(FLEETS[size].memory));
    try {
      const { answers, refusals, placements } = await interleave(replica, fleet, random);
      happened.answers += answers;
      happened.refusals += refusals;
      happened.placements += placements;
    } catch (cause) {
      throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    } finally {
      await replica.close();
    }
  };
  const nothing = (): Happened => ({ answers: 0, refusals: 0, placements: 0 });

  test(`never give a wrong answer, nor one of another tenant's model: ${RUNS} runs`, async () => {
    const happened = nothing();
    for (let seed = fuzzSeed; seed < fuzzSeed + RUNS; seed += 1) await run(seed, happened);
    expect(happened.answers).toBeGreaterThan(RUNS * 10);
    expect(happened.refusals).toBeGreaterThan(RUNS * 5);
  });

  (fuzzMinutes > 0 ? test : test.skip)(
    'and for as long as one likes',
    async () => {
      const happened = nothing();
      let seed = fuzzSeed + RUNS;
      for (const until = performance.now() + fuzzMinutes * 60_000; performance.now() < until; seed += 1)
        await run(seed, happened);
      process.stdout.write(`${JSON.stringify({ runs: seed - fuzzSeed - RUNS, ...happened })}\n`);
    },
    fuzzMinutes * 90_000 + 60_000,
  );
});
