import type { DataSource } from 'typeorm';
import { isUnavailable } from './pg-errors.js';
import type { PersistenceLogger } from './persistence-logger.js';

const PAUSE_MS = 200;

/** `host:port/database as role`, without the password. */
export function placeOf(url: string): string {
  const { host, pathname, username } = new URL(url);
  return `${host}${pathname} as ${decodeURIComponent(username)}`;
}

/** Connects; waits for a server that is not there yet. @throws {Error} that says where, with the driver's error as cause */
export async function connectWithRetry(
  dataSource: DataSource,
  url: string,
  { connectTimeoutMs, logger }: { readonly connectTimeoutMs: number; readonly logger: PersistenceLogger },
): Promise<void> {
  const deadline = Date.now() + connectTimeoutMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await dataSource.initialize();
      return;
    } catch (cause) {
      if (!isUnavailable(cause) || Date.now() >= deadline) {
        const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
        throw new Error(`can't connect to the database ${placeOf(url)}: ${reason}`, { cause });
      }
      if (attempt === 0) logger.info({ database: placeOf(url) }, 'waiting for the database');
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
