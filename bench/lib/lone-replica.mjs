import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { internalSigner, mintInternalToken } from '@myriad/http';

const main = join(import.meta.dirname, '../../services/realtime/dist/main.js');
const START_MS = 30_000;

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * One more `realtime` process of a mesh's pool, with what the mesh's own was given, on ports of its own and with a door for gRPC. Nobody is sent to it: it is asked directly, with
 * tokens as the gateway mints them.
 */
export async function startReplica(mesh, id) {
  const pids = mesh.pids();
  const [, pid] = Object.entries(pids).find(([name]) => name.startsWith('realtime-production-'));
  const given = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
  const [port, grpcPort] = [await freePort(), await freePort()];
  const env = {
    ...Object.fromEntries(given.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])),
    PORT: String(port),
    GRPC_PORT: String(grpcPort),
    REPLICA_ID: id,
    DRAIN_QUIET_MS: '0',
  };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await listening(child);
  const signer = await internalSigner(JSON.parse(mesh.secret('internal-signing-key.json')));
  return {
    id,
    pid: child.pid,
    origin: `http://127.0.0.1:${port}`,
    grpcPort,
    /** Lives a minute. */
    token: (tenantId) => {
      const claims = {
        sub: 'svc_bench',
        knd: 'service-account',
        tid: tenantId,
        htid: tenantId,
        perms: ['predictions:invoke'],
        env: 'production',
        rid: 'bench',
      };
      return mintInternalToken(signer, claims, { audience: 'myriad-realtime-production' });
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGTERM');
      }),
  };
}

function listening(child) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the replica does not listen')), START_MS);
    child.once('exit', (code) => reject(new Error(`the replica ended with ${code}`)));
    child.stdout.on('data', (chunk) => {
      if (!String(chunk).includes('"listening"')) return;
      clearTimeout(late);
      resolve();
    });
  });
}
