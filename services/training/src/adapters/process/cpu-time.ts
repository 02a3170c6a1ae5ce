import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const POLL_MS = 500;

/** Watches the processor time of a child; the returned function gives the last seen, milliseconds, or null where the system does not say. */
export function cpuMillisOf(child: ChildProcess): () => number | null {
  let seen: number | null = null;
  const look = (): void => {
    try {
      const fields =
        readFileSync(`/proc/${child.pid ?? 0}/stat`, 'utf8')
          .split(') ')[1]
          ?.split(' ') ?? [];
      seen = ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
    } catch {
      // ended, or no /proc
    }
  };
  const timer = setInterval(look, POLL_MS);
  child.once('close', () => {
    clearInterval(timer);
  });
  child.once('error', () => {
    clearInterval(timer);
  });
  return () => seen;
}
