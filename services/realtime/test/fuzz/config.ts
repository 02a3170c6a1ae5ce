/** How long to fuzz beyond the cases of the unit tests, minutes; `npm run fuzz` sets both. */
export const fuzzMinutes = Number(process.env['MYRIAD_FUZZ_MINUTES'] ?? 0);

/** Where the random numbers start. */
export const fuzzSeed = Number(process.env['MYRIAD_FUZZ_SEED'] ?? 1);
