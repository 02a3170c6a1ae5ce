import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process for ever: its id is given to others after its end, its id together with its start time is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Comparable text: on Linux the boot and the clock tick of the start, elsewhere what `ps` says. */
  readonly startedAt: string;
}

/** undefined when no process has the id. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startedAt === identity.startedAt;
}

/** proc_pid_stat(5): after the name in brackets, field 3 is the state and field 22 the start in clock ticks since the boot. A zombie has ended. */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${fields[19] ?? ''}`;
  } catch {
    return undefined;
  }
}

function startByPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}
