export const LOCK_FILE: string;
/** Everything that is printed from the contracts, by file name. */
export function render(
  contracts: object,
  options?: {
    readonly locked?: object;
    readonly recorded?: ReadonlyMap<string, string | undefined>;
    readonly amended?: readonly string[];
    readonly version?: string;
  },
): { readonly files: Map<string, string>; readonly faults: string[] };
