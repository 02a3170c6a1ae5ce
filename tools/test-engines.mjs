#!/usr/bin/env node
/**
 * The contract suites on real engines: starts Kafka, an S3 server and a Kubernetes API server on free ports, runs every `*.engine.spec.ts`, stops them.
 *
 *   node tools/test-engines.mjs [--only kafka,s3,kubernetes] [-- <arguments for Jest>]
 *
 * An engine that can't run here is named and its suites are skipped. Ends with `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EngineUnavailable, hasKubernetes, startKafka, startKubernetes, startS3 } from './engines/engine.mjs';

const root = join(import.meta.dirname, '..');
/** The pinned Node, whatever runs this file. */
const pinnedNode = join(root, 'node_modules', '.bin', 'node');
const node = existsSync(pinnedNode) ? pinnedNode : process.execPath;
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
    start: startKubernetes,
    env: (kubernetes) => ({
      MYRIAD_TEST_KUBERNETES: kubernetes.url,
      MYRIAD_TEST_KUBERNETES_TOKEN: kubernetes.token,
      MYRIAD_TEST_KUBERNETES_CA: kubernetes.caFile,
    }),
  },
};

/** Starts what can be started; the others come back as sentences. */
async function startEngines(names, folder, started) {
  const skipped = [];
  for (const name of names) {
    try {
      const handle = await ENGINES[name].start({ dir: join(folder, name) });
      started.push(handle);
      console.log(`${name} ${handle.version} on port ${handle.port}`);
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error;
      skipped.push(error.message);
    }
  }
  return skipped;
}

/** Runs Jest with the engines' addresses; returns its exit code (1 when a signal ended it). */
function runJest(jestArgs, env, onChild) {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = ['--experimental-vm-modules', '--no-warnings', jest, '--config', join(root, 'jest.config.mjs')];
  const child = spawn(node, [...args, ...jestArgs], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, MYRIAD_TEST_ENGINES: '1', ...env },
  });
  onChild(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Counts of a Jest JSON report; a suite that could not run counts as one failure. */
function countTests(file) {
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  return { passed: report.numPassedTests, failed: report.numFailedTests + report.numRuntimeErrorTestSuites };
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
    const report = join(folder, `${names.join('-')}.json`);
    const only = isLate ? ['--selectProjects', ...names.map((name) => ENGINES[name].project)] : [];
    const code = await runJest(['--json', '--outputFile', report, ...only, ...jestArgs], env, onChild);
    const { passed, failed } = countTests(report);
    return { passed, failed: Math.max(failed, code === 0 ? 0 : 1), skipped };
  } finally {
    for (const handle of started) await handle.stop();
  }
}

/** An engine that takes minutes to build comes last, alone, unless it is there already: the others' suites run while it is being built. */
function passesOf(names) {
  const late = names.filter((name) => name === 'kubernetes' && !hasKubernetes());
  const first = names.filter((name) => !late.includes(name));
  const passes = [
    { names: first, isLate: false },
    { names: late, isLate: true },
  ];
  return passes.filter((pass) => pass.names.length > 0);
}

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } });
  const names = values.only?.split(',') ?? Object.keys(ENGINES);
  const unknown = names.filter((name) => !Object.hasOwn(ENGINES, name));
  if (unknown.length > 0) {
    console.error(`unknown engine ${unknown.join(', ')}; there are ${Object.keys(ENGINES).join(', ')}`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'myriad-engines-'));
  let jest;
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => jest?.kill(signal));
  try {
    const total = { passed: 0, failed: 0, skipped: [] };
    for (const pass of passesOf(names)) {
      const done = await runPass(pass, { folder, jestArgs: positionals, onChild: (child) => (jest = child) });
      total.passed += done.passed;
      total.failed += done.failed;
      total.skipped.push(...done.skipped);
    }
    for (const reason of total.skipped) console.log(`skipped: ${reason}`);
    console.log(`${total.passed} passed, ${total.failed} failed`);
    return total.failed === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
