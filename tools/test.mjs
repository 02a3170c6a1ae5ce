// npm test [-- --only unit,python,system] [-- arguments for Jest]
// Runs every test that needs no special engine, and sums up in its last line: `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'myriad-reports-'));
const python = join(root, '.venv/bin/python');
let running;

function run(command, args, env = {}) {
  running = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  return new Promise((resolve, reject) => {
    running.once('error', reject);
    running.once('exit', (code) => resolve(code ?? 1));
  });
}

/**
 * Runs Jest and counts from its report; a suite that could not run at all is one failure. Files that failed are run once more, alone:
 * clocks of a loaded machine make some tests of crashes and time-outs fail now and then. What passes then is named as unsteady.
 */
async function jest(name, args, env) {
  const first = await runJest(name, args, env);
  if (first.failedFiles.length === 0 || first.failedFiles.length > MOST_RETRIED) return first.counts;
  console.log(`\nonce more, alone: ${first.failedFiles.map((file) => relative(root, file)).join(', ')}`);
  const second = await runJest(`${name}-again`, ['--runInBand', '--runTestsByPath', ...first.failedFiles], env);
  const unsteady = first.failedFiles.filter((file) => !second.failedFiles.includes(file));
  for (const file of unsteady) console.log(`unsteady: ${relative(root, file)} failed, then passed`);
  const { passed, failed } = second.counts;
  return { passed: first.counts.passed - first.passedInFailedFiles + passed, failed };
}

const MOST_RETRIED = 5;

async function runJest(name, args, env) {
  const report = join(folder, `${name}.json`);
  const program = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
  const code = await run(process.execPath, [...program, '--json', '--outputFile', report, ...args], env);
  if (!existsSync(report)) return { counts: { passed: 0, failed: 1 }, failedFiles: [], passedInFailedFiles: 0 };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  const failed = testResults.filter(({ status }) => status === 'failed');
  return {
    counts: atLeastOneFailure(code, { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites }),
    failedFiles: failed.map((result) => result.name),
    passedInFailedFiles: failed.flatMap((result) => result.assertionResults).filter(({ status }) => status === 'passed')
      .length,
  };
}

/** Runs pytest and counts from its JUnit report. */
async function pytest() {
  const report = join(folder, 'python.xml');
  const code = await run(python, ['-m', 'pytest', 'sdk/python/tests', '-q', `--junit-xml=${report}`]);
  const suite = existsSync(report) ? (/<testsuite [^>]*>/.exec(readFileSync(report, 'utf8'))?.[0] ?? '') : '';
  const count = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return atLeastOneFailure(code, { passed: count('tests') - failed - count('skipped'), failed });
}

const atLeastOneFailure = (code, counts) => (code === 0 ? counts : { ...counts, failed: Math.max(1, counts.failed) });

const PARTS = {
  unit: (args) => jest('unit', args),
  python: () => pytest(),
  system: (args) => jest('system', ['--runInBand', ...args], { MYRIAD_TEST_SYSTEM: '1' }),
};

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } });
  const names = values.only?.split(',') ?? Object.keys(PARTS);
  const unknown = names.filter((name) => !Object.hasOwn(PARTS, name));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);
  const total = { passed: 0, failed: 0 };
  const lines = [];
  for (const name of names) {
    const fromMs = performance.now();
    const { passed, failed } = await PARTS[name](positionals);
    const seconds = ((performance.now() - fromMs) / 1000).toFixed(0);
    lines.push(`${name.padEnd(8)} ${passed} passed, ${failed} failed in ${seconds} s`);
    total.passed += passed;
    total.failed += failed;
  }
  console.log(`\n${lines.join('\n')}\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => running?.kill(signal));
try {
  process.exitCode = await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
