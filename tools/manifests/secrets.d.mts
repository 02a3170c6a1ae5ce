/** Names of the variables and files that are made. */
export const made: { readonly variables: readonly string[]; readonly files: readonly string[] };
/** Makes what is missing below `root` and answers with a line for each thing made. */
export function makeSecrets(root: string): readonly string[];
