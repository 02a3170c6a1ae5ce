// One PostgreSQL a jest run, in its own temporary folder on a free port. Workers find it by MYRIAD_TEST_PG_URL.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initCluster, runningCluster, startPostgres } from '../../../tools/postgres/launch.mjs';

const PREFIX = 'myriad-test-pg-';
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_connections: 200,
  shared_buffers: '32MB',
  deadlock_timeout: '100ms',
};

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Crashes the server, if it runs still, and removes its files. */
function discard(folder) {
  try {
    const server = runningCluster(join(folder, 'data'));
    if (server !== undefined) process.kill(server.pid, 'SIGQUIT');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  } catch {
    // another user's
  }
}

/** A run that was killed could not clean up behind itself. */
function discardLeftovers() {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX)))
    if (!isAlive(Number(name.slice(PREFIX.length).split('-')[0]))) discard(join(tmpdir(), name));
}

export default async function globalSetup() {
  if (globalThis.myriadTestPostgres !== undefined) return;
  discardLeftovers();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  process.once('exit', () => discard(folder));
  const dataFolder = join(folder, 'data');
  const superuserPassword = randomBytes(12).toString('hex');
  await initCluster({ dataFolder, superuserPassword, sync: false });
  const server = await startPostgres({ dataFolder, settings: SETTINGS, logFile: join(folder, 'log') });
  process.env.MYRIAD_TEST_PG_URL = `postgres://postgres:${superuserPassword}@127.0.0.1:${server.port}/postgres`;
  globalThis.myriadTestPostgres = {
    stop: async () => {
      await server.stop('immediate');
      discard(folder);
    },
  };
}
