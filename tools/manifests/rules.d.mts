export type RuleName =
  | 'workloadsAreHardened'
  | 'drainsAreNeverBlocked'
  | 'servicesFindPods'
  | 'autoscalersAreBounded'
  | 'namespacesAreClosed'
  | 'policiesNameTheirEdges'
  | 'nothingSecretIsCommitted'
  | 'productionSharesNothing';
/** Manifests by path → faults. */
export type Rule = (manifests: ReadonlyMap<string, unknown>) => readonly string[];
export const rules: Readonly<Record<RuleName, Rule>>;
/** Faults of a parsed Compose file. */
export function composeRules(body: unknown): readonly string[];
/** Faults of a Dockerfile's text: what it copies is there, and every workspace is copied. */
export function dockerfileRules(
  text: string,
  checkout: { readonly workspaces: readonly string[]; readonly exists: (path: string) => boolean },
): readonly string[];
