/** An S3 server as one plain process: versitygw, which speaks the S3 protocol over a folder, built from its Go module. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildWithGo } from './go.mjs';
import { startEngine } from './handle.mjs';
import { cacheFolder, freePort } from './process.mjs';

export const S3_VERSION = 'v1.8.0';
const MODULE = 'github.com/versity/versitygw/cmd/versitygw';
/** Of a server on the loopback interface with nothing but test data. */
const TEST_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test-secret' };

/** Builds the server. Returns the folder. @throws {EngineUnavailable} without Go. */
export function fetchS3() {
  const args = () => ['install', '-trimpath', '-ldflags=-s -w', `${MODULE}@${S3_VERSION}`];
  return buildWithGo({ engine: 's3', home: cacheFolder('s3', S3_VERSION), args });
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
  return startEngine({
    name: 's3',
    version: S3_VERSION,
    port: usedPort,
    dir,
    program: await s3Program({ port: usedPort, dir, ...TEST_CREDENTIALS }),
    more: { endpoint: `http://127.0.0.1:${usedPort}`, region: 'us-east-1', ...TEST_CREDENTIALS },
  });
}
