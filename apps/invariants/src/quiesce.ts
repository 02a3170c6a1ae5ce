import { rateUsedV1, topics } from '@myriad/contracts';
import { type Finding, check } from './check.js';
import type { Rule } from './rule.js';
import type { World } from './world.js';

/** When a mesh counts as at rest. */
export interface QuiesceOptions {
  /** Longest wait, milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /** Between two looks, milliseconds. Default 300. */
  readonly intervalMs?: number;
}

/** So long nothing may have happened, milliseconds: realtime meters each second. */
const QUIET_MS = 1_500;
/** What has to hold before the others may be held against a mesh. */
export const AT_REST = ['outbox-empty', 'no-lag', 'nothing-stuck'];

/** Waits until nothing is on its way any more; answers what kept it moving when it does not come to rest. */
export async function quiesce(
  world: World,
  rules: readonly Rule[],
  { timeoutMs = 60_000, intervalMs = 300 }: QuiesceOptions = {},
): Promise<readonly Finding[]> {
  const resting = rules.filter(({ name }) => AT_REST.includes(name));
  const untilMs = performance.now() + timeoutMs;
  let quietSinceMs = Infinity;
  let ends: string | undefined;
  let findings: readonly Finding[] = [];
  while (performance.now() < untilMs) {
    const now = await endsOf(world).catch(() => undefined);
    ({ findings } = await check(world, resting));
    if (findings.length > 0 || now === undefined || now !== ends) quietSinceMs = performance.now();
    else if (performance.now() - quietSinceMs >= QUIET_MS) return [];
    ends = now;
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  return findings.length > 0 ? findings : [{ rule: 'at-rest', breach: 'events were appended all the time' }];
}

/** Gateways tell each other all the time that they live; that is no work. */
const RESTLESS: ReadonlySet<string> = new Set([rateUsedV1.topic.name]);

/** Where the log's partitions end. */
async function endsOf(world: World): Promise<string> {
  const lags = await world.eventLog.lag(
    'auth',
    topics.map(({ name }) => name).filter((name) => !RESTLESS.has(name)),
  );
  return lags.map(({ endOffset }) => endOffset).join();
}
