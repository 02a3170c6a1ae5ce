/** An S3 server as one plain process: versitygw, which speaks the S3 protocol over a folder, built from its Go module. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  EngineUnavailable,
  cacheFolder,
  fillOnce,
  firstLine,
  freePort,
  runToEnd,
  startProcess,
  stopProcess,
  waitHealthy,
} from './process.mjs';

export const S3_VERSION = 'v1.8.0';
const MODULE = 'github.com/versity/versitygw/cmd/versitygw';
/** Of a server on the loopback interface with nothing but test data. */
const TEST_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test-secret' };

/** Builds the server (Go checks the modules against its checksum database). Returns the folder. @throws {EngineUnavailable} without Go. */
export async function fetchS3() {
  const home = cacheFolder('s3', S3_VERSION);
  if (existsSync(join(home, '.complete'))) return home;
  if (firstLine('go', ['version']) === undefined)
    throw new EngineUnavailable('s3', 'go is needed to build it; found none');
  await fillOnce(
    home,
    (folder) => {
      const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' };
      runToEnd('go', ['install', '-trimpath', '-ldflags=-s -w', `${MODULE}@${S3_VERSION}`], { env });
    },
    's3',
  );
  return home;
}

async function answersHealth(port) {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(1000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * What runs the server on 127.0.0.1: command, arguments, environment, and whether it answers. `dir` gets the folders of its buckets.
 * @throws {EngineUnavailable} when Go is missing.
 */
export async function s3Program({ port, dir, accessKeyId, secretAccessKey }) {
  const home = await fetchS3();
  const [buckets, versions] = [join(dir, 'buckets'), join(dir, 'versions')];
  for (const folder of [buckets, versions]) mkdirSync(folder, { recursive: true });
  const serve = ['--port', `127.0.0.1:${port}`, '--region', 'us-east-1', '--quiet', '--keep-alive'];
  return {
    command: join(home, 'versitygw'),
    args: [...serve, '--health', '/healthz', 'posix', '--versioning-dir', versions, buckets],
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
    isHealthy: () => answersHealth(port),
  };
}

/**
 * Starts the server on 127.0.0.1 and waits until it is healthy. `dir` holds data, log and pid; data that is there is kept. Without `port` a free one is taken.
 * The handle: `endpoint`, `region`, `accessKeyId`, `secretAccessKey`, `pid`, `stop()`, `kill()` (SIGKILL), `start()` again on the same port and data. Clients need path-style addresses.
 * @throws {EngineUnavailable} when Go is missing.
 */
export async function startS3({ port, dir }) {
  const usedPort = port ?? (await freePort());
  const { command, args, env, isHealthy } = await s3Program({ port: usedPort, dir, ...TEST_CREDENTIALS });
  const handle = {
    name: 's3',
    version: S3_VERSION,
    port: usedPort,
    dir,
    endpoint: `http://127.0.0.1:${usedPort}`,
    region: 'us-east-1',
    ...TEST_CREDENTIALS,
    pid: 0,
    start: async () => {
      handle.pid = await startProcess({ dir, port: usedPort, command, args, env });
      await waitHealthy({ name: 's3', dir, pid: handle.pid, isHealthy });
    },
    stop: () => stopProcess(dir),
    kill: () => stopProcess(dir, 'SIGKILL'),
  };
  await handle.start();
  return handle;
}
