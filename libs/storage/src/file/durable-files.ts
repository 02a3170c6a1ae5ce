import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { storageProblem } from '../storage-problem.js';
import { hasEnded, ownIdentity } from './process-identity.js';

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** A temporary file of another machine counts as left behind after this long. */
const FOREIGN_STALE_MS = 24 * 3600 * 1000;

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

/** Makes a folder's entries survive a loss of power. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the folder and those above it, durably. */
export async function ensureFolder(path: string): Promise<void> {
  const firstMade = await mkdir(path, { recursive: true, mode: 0o700 });
  if (firstMade === undefined) return;
  const above = dirname(firstMade);
  for (let folder = dirname(path); folder.length >= above.length; folder = dirname(folder)) {
    await syncFolder(folder);
    if (folder === dirname(folder)) return;
  }
}

/** Removes a file durably; nothing happens when it is not there. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

/** Opens for reading; a symbolic link in place of the file is refused. undefined when there is none. */
export async function openForReading(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
}

/**
 * Files being written. They lie on the store's file system, so that `rename` publishes them in one step, and carry their writer's identity, so that what a crash left behind is known.
 */
export class TempFiles {
  constructor(private readonly folder: string) {}

  /** Makes the folder and removes what ended processes left in it. */
  async open(): Promise<void> {
    await ensureFolder(this.folder);
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      if (await isStale(name, path)) await rm(path, { force: true });
    }
  }

  newPath(): string {
    return join(this.folder, `${ownIdentity}.${randomUUID()}`);
  }

  /**
   * Runs `write` on a new file, makes it durable, and moves it to the path that `write` returns, replacing what is there. When anything fails, nothing is left.
   * @throws {ProblemError} `storage.full`.
   */
  async publish(write: (file: FileHandle) => Promise<string>): Promise<void> {
    const path = this.newPath();
    try {
      const target = await this.fill(path, write);
      await ensureFolder(dirname(target));
      await rename(path, target);
      await syncFolder(dirname(target));
    } catch (error) {
      await rm(path, { force: true });
      throw isCode(error, ...NO_SPACE) ? storageProblem.full(error) : error;
    }
  }

  private async fill(path: string, write: (file: FileHandle) => Promise<string>): Promise<string> {
    const file = await open(path, 'wx', 0o400);
    try {
      const target = await write(file);
      await file.sync();
      return target;
    } finally {
      await file.close();
    }
  }
}

async function isStale(name: string, path: string): Promise<boolean> {
  const ended = hasEnded(name.split('.')[0] ?? '');
  if (ended !== undefined) return ended;
  try {
    return Date.now() - (await stat(path)).ctimeMs > FOREIGN_STALE_MS;
  } catch {
    return false;
  }
}
