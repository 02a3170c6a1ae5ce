/** Short turns: on a machine with other work, some of them are left alone. */
const ROUNDS = 80;
const RUNS = 250;
/** Runs before the numbers that functions are called with begin anew. */
export const DRAWS = ROUNDS * RUNS;

/** Microseconds a run of each of some functions, called in turns: the fastest of all rounds, and the one in the middle. */
export function turns(runs) {
  const tooks = runs.map(() => []);
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [at, run] of runs.entries()) {
      const startMs = performance.now();
      for (let i = round * RUNS; i < (round + 1) * RUNS; i += 1) run(i);
      tooks[at].push(((performance.now() - startMs) * 1_000) / RUNS);
    }
  return tooks.map((took) => ({ best: Math.min(...took), middle: took.toSorted((a, b) => a - b)[ROUNDS / 2] }));
}

/** The fastest round of each. */
export const micros = (runs) => turns(runs).map(({ best }) => best);
