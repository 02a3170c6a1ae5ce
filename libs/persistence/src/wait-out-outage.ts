import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '@myriad/kernel';

export interface OutagePatience {
  /** Ends the waiting, e.g. because the process ends: then what is tried once more fails for good. */
  readonly signal?: AbortSignal | undefined;
  /** How long the database may be away, milliseconds. Default 30,000. */
  readonly patienceMs?: number;
  /** Between two tries, milliseconds. Default 250. */
  readonly pauseMs?: number;
}

/** Whether the database was away (or what is needed stayed locked): nobody's fault, and over by itself. */
export function isOutage(error: unknown): boolean {
  return error instanceof ProblemError && error.kind === 'unavailable' && error.code.startsWith('persistence.');
}

/**
 * Does `work` again while the database is away: for what came of long work, which would have to be done anew, or would be nobody's until a
 * lease is over, if it were given up. The answer to a commit may get lost: `work` must look in its transaction whether it is still to be done.
 * @throws what `work` throws; the outage itself when it lasts for longer than is waited
 */
export async function waitOutOutage<T>(work: () => Promise<T>, patience: OutagePatience = {}): Promise<T> {
  const { signal, patienceMs = 30_000, pauseMs = 250 } = patience;
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isOutage(error) || signal?.aborted === true || performance.now() >= untilMs) throw error;
      await sleep(pauseMs, undefined, signal && { signal }).catch(() => undefined);
    }
  }
}
