/** A Python that has `requirements.lock`, when the package index has it; see tools/engines. */
export const python = process.env['MYRIAD_TEST_TRITONCLIENT'];

/** What its processes are told besides. */
export const inherited = process.env;
