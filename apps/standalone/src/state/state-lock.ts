import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type ProcessIdentity, identityOf, isAlive } from '../processes/process-identity.js';

/** Who holds the lock: the supervisor of this state folder. */
export interface LockHolder extends ProcessIdentity {
  /** RFC 3339. */
  readonly since: string;
}

/** Another living supervisor holds the state folder. */
export class AlreadyRunningError extends Error {
  constructor(
    readonly folder: string,
    readonly holder: LockHolder,
  ) {
    super(
      `Myriad is up already on ${folder}: its supervisor is process ${holder.pid}, since ${holder.since}. ` +
        '`npm run down` ends it; another mesh needs its own folder (MYRIAD_STATE) and ports (MYRIAD_GATEWAY_PORT, MYRIAD_PORT_BASE).',
    );
    this.name = 'AlreadyRunningError';
  }
}

/** The living holder of the lock; undefined when there is none, also when one was killed and left its file. */
export function lockHolder(path: string): LockHolder | undefined {
  const holder = parse(read(path));
  return holder && isAlive(holder) ? holder : undefined;
}

/**
 * Takes the lock for this process, also from one that was killed.
 * @throws {AlreadyRunningError} when a living process has it.
 */
export function takeLock(path: string, folder: string): { release(): void } {
  const self = identityOf(process.pid);
  if (!self) throw new Error('this process does not find itself in the process table');
  const own = JSON.stringify({ ...self, since: new Date().toISOString() } satisfies LockHolder);
  const candidate = `${path}.${process.pid}`;
  writeFileSync(candidate, own, { mode: 0o600 });
  try {
    while (!tryLink(candidate, path)) {
      const seen = read(path);
      const holder = parse(seen);
      if (holder && isAlive(holder)) throw new AlreadyRunningError(folder, holder);
      if (seen !== undefined) removeStale(path, seen);
    }
  } finally {
    rmSync(candidate, { force: true });
  }
  return {
    release: () => {
      if (read(path) === own) rmSync(path, { force: true });
    },
  };
}

/** link(2) makes the name or fails, in one step: of two that try only one gets it. */
function tryLink(candidate: string, path: string): boolean {
  try {
    linkSync(candidate, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves the dead holder's file away; when another took the lock between the look and the move, its file goes back. */
function removeStale(path: string, seen: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (read(aside) !== seen) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string | undefined): LockHolder | undefined {
  try {
    const value = JSON.parse(text ?? '') as Partial<LockHolder>;
    if (typeof value.pid !== 'number' || typeof value.startedAt !== 'string') return undefined;
    return { pid: value.pid, startedAt: value.startedAt, since: String(value.since) };
  } catch {
    return undefined;
  }
}
