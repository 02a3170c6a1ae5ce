/** A Python that has what `mlflow.lock` names, when the package index has it; see tools/engines. */
export const python = process.env['MYRIAD_TEST_MLFLOW'];

/** What its processes are told besides. */
export const inherited = process.env;
