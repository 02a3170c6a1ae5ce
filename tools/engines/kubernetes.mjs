/**
 * A Kubernetes API server as one plain process: kube-apiserver with its etcd inside, built from Go modules. No controllers, no nodes: it says what a cluster accepts
 * (schemas, admission, PodSecurity, quotas), and starts no pod. The same binary renders Kustomize overlays, so kubectl is not needed.
 */
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { buildWithGo, isBuilt } from './go.mjs';
import { startEngine } from './handle.mjs';
import { cacheFolder, freePort } from './process.mjs';

const SOURCES = join(import.meta.dirname, 'kubernetes');
const read = (name) => readFileSync(join(SOURCES, name), 'utf8');
export const KUBERNETES_VERSION = /k8s\.io\/kubernetes (v[\d.]+)/.exec(read('go.mod'))[1];

/** A change of the program or of a pinned module is another build. */
const sourcesDigest = () =>
  createHash('sha256')
    .update(['go.mod', 'go.sum', 'main.go', 'serve.go', 'render.go'].map(read).join('\0'))
    .digest('hex')
    .slice(0, 12);

const homeOf = () => cacheFolder('kubernetes', `${KUBERNETES_VERSION}-${sourcesDigest()}`);

/** Whether {@link fetchKubernetes} has nothing left to do. */
export const hasKubernetes = () => isBuilt(homeOf());

/** Builds the program. Returns the folder. @throws {EngineUnavailable} without Go. */
export function fetchKubernetes() {
  const [major, minor] = KUBERNETES_VERSION.slice(1).split('.');
  const version = 'k8s.io/component-base/version';
  const linker = [
    '-s -w',
    `-X ${version}.gitVersion=${KUBERNETES_VERSION} -X ${version}.gitMajor=${major} -X ${version}.gitMinor=${minor}`,
  ].join(' ');
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', `-ldflags=${linker}`];
  const args = (folder) => ['build', ...flags, '-o', join(folder, 'kubernetes'), '.'];
  return buildWithGo({ engine: 'kubernetes', home: homeOf(), args, cwd: SOURCES });
}

/** The objects of a kustomization as YAML documents. @throws with what Kustomize says; {@link EngineUnavailable} without Go. */
export async function renderKustomization(folder) {
  const home = await fetchKubernetes();
  const { status, stdout, stderr, error } = spawnSync(join(home, 'kubernetes'), ['render', folder], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(stderr.trim());
  return stdout;
}

/** Credentials of a server on the loopback interface with nothing but test data; the serving certificate is made by the server. */
function makeCredentials(dir) {
  const file = join(dir, 'tokens.csv');
  if (existsSync(file)) return readFileSync(file, 'utf8').split(',')[0];
  const token = randomBytes(24).toString('base64url');
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  });
  const secretly = { mode: 0o600 };
  writeFileSync(join(dir, 'accounts.key'), privateKey, secretly);
  writeFileSync(join(dir, 'accounts.pub'), publicKey, secretly);
  writeFileSync(file, `${token},admin,admin,"system:masters"\n`, secretly);
  return token;
}

const serverFlags = (dir, port) =>
  Object.entries({
    'bind-address': '127.0.0.1',
    'secure-port': port,
    'cert-dir': join(dir, 'certificates'),
    'token-auth-file': join(dir, 'tokens.csv'),
    'authorization-mode': 'RBAC',
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': join(dir, 'accounts.pub'),
    'service-account-signing-key-file': join(dir, 'accounts.key'),
    'service-cluster-ip-range': '10.96.0.0/16',
    // no other server, and no address of this machine that pods could reach it under
    'endpoint-reconciler-type': 'none',
    profiling: false,
    // as clusters do, so that it is PodSecurity which refuses privileged pods
    'allow-privileged': true,
    'event-ttl': '10m',
  }).map(([name, value]) => `--${name}=${value}`);

function answersReady({ port, token, certificate }) {
  return new Promise((resolve) => {
    if (!existsSync(certificate)) return resolve(false);
    const headers = { authorization: `Bearer ${token}` };
    const options = { host: '127.0.0.1', port, path: '/readyz', ca: readFileSync(certificate), headers, timeout: 2000 };
    const call = request(options, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
    });
    call.once('timeout', () => call.destroy(new Error('no answer')));
    call.once('error', () => resolve(false));
    call.end();
  });
}

/**
 * Starts the server on 127.0.0.1 and waits until it is ready. `dir` holds data, credentials, log and pid; data that is there is kept. Without `port` a free one is taken.
 * The handle: `url`, `caFile` (PEM), `token` (of an administrator), `pid`, `stop()`, `kill()`, `start()` again on the same port and data.
 * Both end it by SIGKILL: nobody waits for a test's connections to drain, and etcd's log is written in order either way.
 * @throws {EngineUnavailable} when Go is missing.
 */
export async function startKubernetes({ port, dir }) {
  const home = await fetchKubernetes();
  const usedPort = port ?? (await freePort());
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const token = makeCredentials(dir);
  const caFile = join(dir, 'certificates', 'apiserver.crt');
  return startEngine({
    name: 'kubernetes',
    version: KUBERNETES_VERSION,
    port: usedPort,
    dir,
    program: {
      command: join(home, 'kubernetes'),
      args: ['serve', dir, ...serverFlags(dir, usedPort)],
      isHealthy: () => answersReady({ port: usedPort, token, certificate: caFile }),
    },
    more: { url: `https://127.0.0.1:${usedPort}`, caFile, token },
    timeoutMs: 180_000,
    stopSignal: 'SIGKILL',
  });
}
