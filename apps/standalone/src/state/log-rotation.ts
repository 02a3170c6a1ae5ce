import { readdirSync, statSync } from 'node:fs';
import { copyFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';

const LARGEST_BYTES = 20 * 1024 * 1024;
const EVERY_MS = 5_000;

/**
 * Keeps each log at 20 MB and one older part beside it (`<name>.log.1`). Processes append to their logs themselves, so that they go on when the
 * supervisor does not; hence a full log is copied and cut to nothing, and lines written between the two are lost.
 */
export function rotateLogs(folder: string, largestBytes = LARGEST_BYTES, everyMs = EVERY_MS): { stop(): void } {
  const timer = setInterval(() => void rotateOnce(folder, largestBytes), everyMs);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
    },
  };
}

/** One round over the folder's logs. */
export async function rotateOnce(folder: string, largestBytes = LARGEST_BYTES): Promise<void> {
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.log'))) {
    const path = join(folder, name);
    if (statSync(path).size <= largestBytes) continue;
    await copyFile(path, `${path}.1`);
    await truncate(path);
  }
}
