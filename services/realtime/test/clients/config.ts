/** Pythons that have what `<client>.lock` names, when the package index has it; see tools/engines. */
export const pythons = {
  tritonclient: process.env['MYRIAD_TEST_TRITONCLIENT'],
  kserve: process.env['MYRIAD_TEST_KSERVE'],
  mlserver: process.env['MYRIAD_TEST_MLSERVER'],
} as const;

/** What its processes are told besides. */
export const inherited = process.env;
