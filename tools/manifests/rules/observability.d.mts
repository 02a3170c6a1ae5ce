export function registeredMetrics(sources: readonly string[]): Set<string>;
export function metricsOf(expression: string): string[];
export function unknownMetrics(expression: string, known: ReadonlySet<string>): string[];
export function alertFaults(
  rules: {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly alert?: string;
        readonly labels?: { readonly severity?: string };
        readonly annotations?: { readonly summary?: string; readonly runbook_url?: string };
      }[];
    }[];
  },
  runbook: string,
): string[];
