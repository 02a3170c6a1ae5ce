import { readFileSync } from 'node:fs';
import type { Clock } from '@myriad/kernel';
import type { ManagedProcess } from './managed-process.js';

/** A process that ends this often before it was ever ready does not start by waiting longer. */
const HOPELESS_ENDS = 5;
const POLL_MS = 25;
const LOG_LINES = 15;

export interface UntilReadyOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Gives up. */
  readonly signal: AbortSignal;
  readonly logFileOf: (name: string) => string;
  readonly onReady: (name: string) => void;
}

/**
 * Resolves when all of them are ready.
 * @throws {Error} naming the ones that are not, with the end of the first one's log: after the timeout, when one ends again and again, or the signal's reason.
 */
export async function untilReady(processes: readonly ManagedProcess[], options: UntilReadyOptions): Promise<void> {
  const { clock, timeoutMs, signal, logFileOf, onReady } = options;
  const deadlineMs = clock.nowMs() + timeoutMs;
  let waitingFor = processes;
  for (;;) {
    for (const process of waitingFor) if (isReady(process)) onReady(process.spec.name);
    waitingFor = waitingFor.filter((process) => !isReady(process));
    if (waitingFor.length === 0) return;
    const hopeless = waitingFor.find(
      (process) => process.status().state === 'failed' || process.endsInARow >= HOPELESS_ENDS,
    );
    if (hopeless)
      throw new Error(
        `${hopeless.spec.name} does not start. The end of its log:\n${endOfLog(logFileOf(hopeless.spec.name))}`,
      );
    if (clock.nowMs() > deadlineMs) {
      const names = waitingFor.map((process) => process.spec.name);
      const first = logFileOf(names[0] ?? '');
      throw new Error(
        `not ready after ${timeoutMs / 1_000} s: ${names.join(', ')}. The end of ${first}:\n${endOfLog(first)}`,
      );
    }
    await clock.sleep(POLL_MS, signal);
  }
}

function isReady(process: ManagedProcess): boolean {
  return process.status().state === 'ready';
}

function endOfLog(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(-LOG_LINES).join('\n');
  } catch {
    return '(it has written nothing)';
  }
}
