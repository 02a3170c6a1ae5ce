#!/usr/bin/env node
/**
 * The contract suites on real engines: starts Kafka, an S3 server and a Kubernetes API server on free ports, has promtool and Python clients at hand, builds the services' images (`images`,
 * which run only with `kafka,s3`), runs every `*.engine.spec.ts`, stops them. Then journeys on a whole mesh of Kafka and S3 (`mesh`), as `npm run mesh` runs it.
 *
 *   node tools/test-engines.mjs [--only kafka,s3,kubernetes,promtool,images,tritonclient,kserve,mlserver,mlflow,mesh] [-- <arguments for Jest>]
 *
 * An engine that can't run here is named and what needs it is skipped. Ends with `N passed, N failed`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  EngineUnavailable,
  PROMTOOL_VERSION,
  PYTHON_CLIENTS,
  fetchKafka,
  fetchPromtool,
  fetchS3,
  hasKubernetes,
  hasPromtool,
  startKafka,
  startKubernetes,
  startS3,
} from './engines/engine.mjs';
import { countJest } from './jest-runs.mjs';
import { IMAGE_VERSION } from './manifests/mesh.mjs';

/** What is used and does not run by itself: it is fetched, and nothing is to be stopped. */
const atHand = (name, version, fetch) => async () => ({
  name,
  version,
  path: await fetch?.(),
  stop: () => undefined,
});
const ENGINES = {
  kafka: {
    start: startKafka,
    env: (kafka) => ({ MYRIAD_TEST_KAFKA: kafka.brokers, MYRIAD_TEST_KAFKA_DIR: kafka.dir }),
  },
  s3: {
    start: startS3,
    env: (s3) => ({
      MYRIAD_TEST_S3: s3.endpoint,
      MYRIAD_TEST_S3_ACCESS_KEY: s3.accessKeyId,
      MYRIAD_TEST_S3_SECRET: s3.secretAccessKey,
      MYRIAD_TEST_S3_DIR: s3.dir,
    }),
  },
  kubernetes: {
    project: 'manifests',
    isThere: hasKubernetes,
    start: startKubernetes,
    env: (kubernetes) => ({
      MYRIAD_TEST_KUBERNETES: kubernetes.url,
      MYRIAD_TEST_KUBERNETES_TOKEN: kubernetes.token,
      MYRIAD_TEST_KUBERNETES_CA: kubernetes.caFile,
    }),
  },
  promtool: {
    project: 'manifests',
    isThere: hasPromtool,
    start: atHand('promtool', PROMTOOL_VERSION, fetchPromtool),
    env: (promtool) => ({ MYRIAD_TEST_PROMTOOL: promtool.path }),
  },
  images: {
    project: 'manifests',
    start: atHand('images', IMAGE_VERSION),
    env: () => ({ MYRIAD_TEST_IMAGES: '1' }),
  },
  ...Object.fromEntries(
    Object.entries(PYTHON_CLIENTS).map(([name, { project, version, isThere, fetch }]) => [
      name,
      {
        project,
        isThere,
        start: atHand(name, version, fetch),
        env: (client) => ({ [`MYRIAD_TEST_${name.toUpperCase()}`]: client.path }),
      },
    ]),
  ),
};

/**
 * Journeys of test/system that run on Kafka and S3 here, some three minutes of two cores: the main job, and what only these engines can
 * fail by. The others do in `npm run test:faults -- --mode mesh`; `npm test` runs all on PostgreSQL and files.
 */
const JOURNEYS = ['model-way', 'faults'].map((name) => `test/system/${name}.spec.ts`);
const FAULTS = ['kafka-killed', 'store-unavailable'];

/** Starts what can be started; the others come back as sentences. */
async function startEngines(names, folder, started) {
  const skipped = [];
  for (const name of names) {
    try {
      const handle = await ENGINES[name].start({ dir: join(folder, name) });
      started.push(handle);
      console.log(
        handle.port === undefined ? `${name} ${handle.version}` : `${name} ${handle.version} on port ${handle.port}`,
      );
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error;
      skipped.push(error.message);
    }
  }
  return skipped;
}

/**
 * One run of Jest with the engines of `names`, which are stopped after it. Suites of other engines skip themselves.
 * @returns what passed and failed, and a sentence for each engine that can't run here
 */
async function runPass({ names, isLate }, { folder, jestArgs, onChild }) {
  const started = [];
  try {
    const skipped = await startEngines(names, folder, started);
    if (started.length === 0 && isLate) return { passed: 0, failed: 0, skipped };
    const env = Object.assign({}, ...started.map((handle) => ENGINES[handle.name].env(handle)));
    const only = isLate ? ['--selectProjects', ...new Set(names.map((name) => ENGINES[name].project))] : [];
    const counts = await countJest(names.join('-'), [...only, ...jestArgs], {
      env: { MYRIAD_TEST_ENGINES: '1', ...env },
      folder,
      onChild,
    });
    return { ...counts, skipped };
  } finally {
    for (const handle of started) await handle.stop();
  }
}

/** Engines that take minutes to build come last, alone, unless they are there already: the others' suites run while they are being built. */
function passesOf(names) {
  const late = names.filter((name) => ENGINES[name].isThere?.() === false);
  const first = names.filter((name) => !late.includes(name));
  return [
    { names: first, isLate: false },
    { names: late, isLate: true },
  ];
}

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } });
  const parts = [...Object.keys(ENGINES), 'mesh'];
  const names = values.only?.split(',') ?? (positionals.length > 0 ? Object.keys(ENGINES) : parts);
  const unknown = names.filter((name) => !parts.includes(name));
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(', ')}; there are ${parts.join(', ')}`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'myriad-engines-'));
  let jest;
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => jest?.kill(signal));
  try {
    const passing = { folder, jestArgs: positionals, onChild: (child) => (jest = child) };
    const results = [];
    const [first, late] = passesOf(names.filter((name) => name !== 'mesh'));
    if (first.names.length > 0) results.push(await runPass(first, passing));
    if (names.includes('mesh')) results.push(await journeys(passing));
    if (late.names.length > 0) results.push(await runPass(late, passing));
    for (const reason of new Set(results.flatMap(({ skipped }) => skipped))) console.log(`skipped: ${reason}`);
    const sum = (key) => results.reduce((total, result) => total + result[key], 0);
    console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
    return sum('failed') === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Journeys on meshes that start engines themselves. */
async function journeys({ folder, onChild }) {
  try {
    await Promise.all([fetchKafka(), fetchS3()]);
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    return { passed: 0, failed: 0, skipped: [`the journeys on Kafka and S3: ${error.message}`] };
  }
  const env = { MYRIAD_TEST_SYSTEM: '1', MYRIAD_TEST_MESH: 'engines', MYRIAD_FAULTS_ONLY: FAULTS.join() };
  return { ...(await countJest('journeys', ['--runInBand', ...JOURNEYS], { env, folder, onChild })), skipped: [] };
}

process.exitCode = await main();
