import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of one test. */
export interface TempFolder {
  /** Absolute. */
  readonly path: string;
  /** Removes it with all it holds. */
  remove(): Promise<void>;
}

/** Makes an empty folder that only this user can read. */
export async function tempFolder(): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), 'myriad-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
