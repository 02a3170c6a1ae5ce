import type { ServiceManifest } from './mesh.mjs';

/** Names of the variables and files that are made. */
export const made: { readonly variables: readonly string[]; readonly files: readonly string[] };
/** Makes what is missing below `root` and answers with a line for each thing made. */
export function makeSecrets(root: string): readonly string[];
/** Name of the file with what a service's secret variable is to hold. */
export function hostFile(service: ServiceManifest, variable: string): string;
