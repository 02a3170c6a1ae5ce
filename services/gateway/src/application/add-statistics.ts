/** What a replica says of a version, in the words of the inference protocol, as far as it is looked at here. */
export interface ModelStatistics {
  readonly name: string;
  readonly version: string;
  readonly [member: string]: unknown;
}

/** Unix milliseconds: of several the newest. All other numbers are counts and durations, which add up. */
const NEWEST: ReadonlySet<string> = new Set(['last_inference']);

/** Statistics of the replicas of a pool as those of one: each version once. */
export function addStatistics(all: readonly ModelStatistics[]): readonly ModelStatistics[] {
  const byVersion = new Map<string, ModelStatistics>();
  for (const one of all) {
    const key = `${one.name}/${one.version}`;
    const known = byVersion.get(key);
    byVersion.set(key, known === undefined ? one : (add(known, one) as ModelStatistics));
  }
  return [...byVersion.values()];
}

type Members = Readonly<Record<string, unknown>>;

function add(a: Members, b: Members): Members {
  return Object.fromEntries(Object.entries(a).map(([name, value]) => [name, addMember(name, value, b[name])]));
}

function addMember(name: string, a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') return NEWEST.has(name) ? Math.max(a, b) : a + b;
  if (isMembers(a) && isMembers(b)) return add(a, b);
  return a;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
