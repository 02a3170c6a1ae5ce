import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { storageProblem } from '../storage-problem.js';
import { isCode, type TempFiles } from './durable-files.js';
import { hasEnded, ownIdentity } from './process-identity.js';

const WAIT_MS = 30_000;
/** A lock is held for milliseconds; another machine's that is this old was left behind. */
const FOREIGN_STALE_MS = 60_000;

/**
 * Runs `work` while no other process holds the lock. The lock is a file made by `link` (it is there with its content or not at all) that names its holder, so that a lock whose holder died is broken.
 *
 * Breaking: only who holds `<path>.break` removes a dead holder's lock, and only if it still is that very one; so two that saw the same dead holder never remove a third's new lock.
 * @throws {ProblemError} `storage.unavailable` when the lock is not free within 30 s.
 */
export async function withLockFile<T>(path: string, temps: TempFiles, work: () => Promise<T>): Promise<T> {
  const content = `${ownIdentity} ${randomUUID()}`;
  const deadlineMs = Date.now() + WAIT_MS;
  while (!(await tryCreate(path, content, temps))) {
    if (Date.now() > deadlineMs) throw storageProblem.unavailable('another writer holds the document');
    const holder = await readIfThere(path);
    if (holder !== undefined && (await isLeftBehind(holder, path))) await breakLock(path, holder, temps);
    else await sleep(1 + Math.random() * 4);
  }
  try {
    return await work();
  } finally {
    if ((await readIfThere(path)) === content) await rm(path, { force: true });
  }
}

async function tryCreate(path: string, content: string, temps: TempFiles): Promise<boolean> {
  const temp = temps.newPath();
  try {
    await writeFile(temp, content, { flag: 'wx', mode: 0o600 });
    await link(temp, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw isCode(error, 'ENOSPC', 'EDQUOT') ? storageProblem.full(error) : error;
  } finally {
    await rm(temp, { force: true });
  }
}

function breakLock(path: string, holder: string, temps: TempFiles): Promise<void> {
  return withLockFile(`${path}.break`, temps, async () => {
    if ((await readIfThere(path)) === holder) await rm(path, { force: true });
  });
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function isLeftBehind(holder: string, path: string): Promise<boolean> {
  const ended = hasEnded(holder.split(' ')[0] ?? '');
  if (ended !== undefined) return ended;
  try {
    return Date.now() - (await stat(path)).mtimeMs > FOREIGN_STALE_MS;
  } catch {
    return false;
  }
}
