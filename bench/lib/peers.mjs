// Other servers of one model, each in the best setting that was found for it on two cores, in a Python environment of its own that is made when it is first asked for.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeEnvironmentWith } from '../../tools/bootstrap/python.mjs';
import { cacheFolder, fillOnce } from '../../tools/engines/process.mjs';
import { freePort } from './lone-replica.mjs';
import { processTree } from './proc.mjs';

const root = join(import.meta.dirname, '../..');
const scripts = join(root, 'bench/peers');
const ORT = 'onnxruntime==1.31.1';
const START_MS = 90_000;
/** Debian's: Triton's library is linked against it, and brings no other. */
const PYTHON = '/usr/bin/python3';

const python =
  (script) =>
  ({ bin }) => [join(bin, 'python'), join(scripts, script)];

/** `times`: how many times as many requests a second as it `realtime` is to answer, at least. `gRPC`: as its name says. */
export const PEERS = [
  {
    name: 'granian + orjson + onnxruntime by hand',
    packages: ['granian[uvloop]==2.8.7', 'starlette', 'orjson', ORT],
    command: ({ bin, port }) => [
      join(bin, 'granian'),
      '--interface',
      'asgi',
      '--host',
      '127.0.0.1',
      '--port',
      port,
      '--workers',
      '1',
      '--loop',
      'uvloop',
      '--no-access-log',
      '--log-level',
      'warning',
      'granian_server:app',
    ],
    times: 2.5,
  },
  {
    name: 'FastAPI + onnxruntime by hand, 2 workers',
    packages: ['fastapi==0.163.2', 'uvicorn[standard]==0.54.0', ORT],
    command: ({ bin, port }) => [
      join(bin, 'uvicorn'),
      'fastapi_server:app',
      '--app-dir',
      scripts,
      '--host',
      '127.0.0.1',
      '--port',
      port,
      '--workers',
      '2',
      '--no-access-log',
      '--log-level',
      'warning',
    ],
    times: 4,
  },
  { name: 'KServe', packages: ['kserve==0.21.0', ORT], command: python('kserve_server.py'), times: 10, hasGrpc: true },
  {
    name: 'MLServer',
    // with a newer uvloop its workers die
    packages: ['mlserver==1.7.1', 'uvloop==0.21.0', ORT],
    command: ({ bin, folder }) => [join(bin, 'mlserver'), 'start', folder],
    prepare: prepareMlserver,
    times: 10,
    hasGrpc: true,
  },
  {
    name: 'Triton (pytriton)',
    packages: ['nvidia-pytriton==0.7.0', ORT],
    command: python('pytriton_server.py'),
    times: 10,
    hasGrpc: true,
  },
  {
    name: 'BentoML, 2 workers',
    packages: ['bentoml==1.4.39', ORT],
    command: ({ bin, port }) => [
      join(bin, 'bentoml'),
      'serve',
      'bento_service:Peer',
      '--working-dir',
      scripts,
      '--host',
      '127.0.0.1',
      '-p',
      port,
    ],
    times: 10,
  },
  {
    name: 'LitServe, 2 workers',
    packages: ['litserve==0.2.19', ORT],
    command: python('litserve_server.py'),
    times: 10,
  },
];

function prepareMlserver({ folder, port, grpcPort, metricsPort, model }) {
  const settings = {
    debug: false,
    host: '127.0.0.1',
    http_port: port,
    grpc_port: grpcPort,
    metrics_port: metricsPort,
    parallel_workers: 0,
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify({ ...settings, metrics_dir: folder }));
  mkdirSync(join(folder, 'model'));
  const ofModel = { name: model.name, implementation: 'mlserver_model.OnnxModel', parameters: { uri: model.file } };
  writeFileSync(join(folder, 'model/model-settings.json'), JSON.stringify(ofModel));
}

/** The environment's programs. @throws where its packages can't be installed */
export async function installPeer({ name, packages }) {
  const digest = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 12);
  const folder = cacheFolder('peers', `${packages[0].replaceAll(/[^\w.-]+/g, '-')}-${digest}`);
  const interpreter = existsSync(PYTHON) ? PYTHON : undefined;
  await fillOnce(folder, (target) => makeEnvironmentWith(root, target, packages, interpreter), name);
  return join(folder, 'bin');
}

/** Starts a peer with a model (`{name, file, features, path, body}`) and waits for its first answer. */
export async function startPeer(peer, bin, model) {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-peer-'));
  const [port, grpcPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  peer.prepare?.({ folder, port, grpcPort, metricsPort, model });
  const [program, ...args] = peer.command({ bin, port: String(port), folder });
  const log = openSync(join(folder, 'log'), 'w');
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: folder,
    LANG: 'C.UTF-8',
    PYTHONPATH: scripts,
    PYTHONDONTWRITEBYTECODE: '1',
    OMP_NUM_THREADS: '1',
    BENTOML_DO_NOT_TRACK: 'True',
    MODEL_NAME: model.name,
    MODEL_FILE: model.file,
    FEATURES: String(model.features),
    PORT: String(port),
    GRPC_PORT: String(grpcPort),
  };
  const child = spawn(program, args, { cwd: scripts, env, stdio: ['ignore', log, log], detached: true });
  const url = `http://127.0.0.1:${port}${model.path}`;
  const stop = () => stopTree(child, folder);
  try {
    await untilAnswered(child, url, model.body);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, grpcPort, pids: () => processTree(child.pid), stop };
}

async function untilAnswered(child, url, body) {
  const deadline = Date.now() + START_MS;
  for (let last = ''; ; await sleep(200)) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`it does not answer: ${last}`);
    try {
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      last = `${answer.status} ${(await answer.text()).slice(0, 300)}`;
      if (answer.ok) return;
    } catch (error) {
      last = error.message;
    }
  }
}

async function stopTree(child, folder) {
  const pids = processTree(child.pid);
  const signal = (name) => {
    for (const pid of pids)
      try {
        process.kill(pid, name);
      } catch {
        // ended by itself
      }
  };
  signal('SIGTERM');
  await sleep(1_500);
  signal('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
