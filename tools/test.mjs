// npm test [-- --only unit,python,system] [-- arguments for Jest]
// Runs every test that needs no special engine, and sums up in its last line: `N passed, N failed`.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { atLeastOneFailure, countJest, run } from './jest-runs.mjs';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'myriad-reports-'));
const python = join(root, '.venv/bin/python');
let running;
const onChild = (child) => (running = child);

const jest = (name, args, env) => countJest(name, args, { env, folder, onChild });

/** Runs pytest and counts from its JUnit report. */
async function pytest() {
  const report = join(folder, 'python.xml');
  const code = await run(python, ['-m', 'pytest', 'sdk/python/tests', '-q', `--junit-xml=${report}`], {}, onChild);
  const suite = existsSync(report) ? (/<testsuite [^>]*>/.exec(readFileSync(report, 'utf8'))?.[0] ?? '') : '';
  const count = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return atLeastOneFailure(code, { passed: count('tests') - failed - count('skipped'), failed });
}

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
