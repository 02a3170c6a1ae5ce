import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 12);

/** Names this process on this machine, `host-pid-start`, so that another can tell whether it still runs; fit for a file name. */
export const ownIdentity = `${host}-${process.pid}-${startOf(process.pid) ?? 0}`;

/** Whether the process of that identity has ended; undefined when that can't be known here: another machine's, or not an identity. */
export function hasEnded(identity: string): boolean | undefined {
  const [, ofHost, pid, start] = /^([0-9a-f]{12})-(\d+)-(\d+)$/.exec(identity) ?? [];
  if (ofHost !== host || pid === undefined) return undefined;
  if (!isRunning(Number(pid))) return true;
  const runningSince = startOf(Number(pid));
  return runningSince !== undefined && start !== '0' && runningSince !== start;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of /proc/<pid>/stat, clock ticks since boot: a pid that is used again has another. undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
