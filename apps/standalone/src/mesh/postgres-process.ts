import { join } from 'node:path';
import { initCluster, startPostgres } from '../../../../tools/postgres/launch.mjs';
import type { ProcessSpec } from '../processes/launched.js';
import type { MeshPlan } from './mesh-plan.js';

const STOP_GRACE_MS = 30_000;

/** For a mesh that is idle most of the time on a small machine; what is committed is on disk. */
const SETTINGS = {
  shared_buffers: '64MB',
  max_connections: 200,
  max_wal_size: '512MB',
  jit: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  autovacuum_naptime: '30s',
  log_min_messages: 'warning',
} as const;

/** PostgreSQL as a process to supervise; makes the cluster at its first start. */
export function postgresProcess(plan: MeshPlan): ProcessSpec {
  const dataFolder = join(plan.state.postgres, 'data');
  return {
    name: 'postgres',
    stopSignal: 'SIGINT', // a fast shutdown: sessions are ended, everything is written
    graceMs: STOP_GRACE_MS,
    launch: async () => {
      await initCluster({ dataFolder, superuserPassword: plan.secrets.password('postgres') });
      const server = await startPostgres({
        dataFolder,
        port: plan.port('postgres'),
        logFile: plan.state.logFile('postgres'),
        settings: SETTINGS,
      });
      return {
        pid: server.pid,
        exited: server.exited,
        kill: (signal) => {
          server.kill(signal);
        },
      };
    },
    isReady: () => Promise.resolve(true),
  };
}
