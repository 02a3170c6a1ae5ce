// npm run check [-- --only lint,boundaries] : every gate that is no test, two at a time, one line each; the last line is `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const bin = (path) => join('node_modules', path);

/** The longest first, so that two cores end at about the same time. */
const GATES = [
  {
    name: 'lint',
    args: [bin('eslint/bin/eslint.js'), '.', '--max-warnings=0', '--cache', '--cache-location', bin('.cache/eslint/')],
  },
  { name: 'typecheck', args: [bin('typescript/bin/tsc'), '-p', 'tsconfig.json'] },
  {
    name: 'boundaries',
    args: [
      bin('dependency-cruiser/bin/dependency-cruiser.mjs'),
      ...['--config', '.dependency-cruiser.cjs', 'contracts', 'libs', 'services', 'apps'],
    ],
  },
  {
    name: 'format',
    args: [
      bin('prettier/bin/prettier.cjs'),
      '--check',
      '.',
      '--cache',
      '--cache-location',
      bin('.cache/prettier/checked'),
    ],
  },
  { name: 'contracts', args: ['tools/contracts/print.mjs', '--check'] },
  { name: 'manifests', args: ['tools/manifests/validate.mjs'] },
  { name: 'build', args: ['tools/build.mjs'] },
  { name: 'regexes', args: ['--test', 'tools/regexes/regexes.test.mjs'] },
  { name: 'supply-chain', args: ['--test', 'tools/supply-chain/supply-chain.test.mjs'] },
];

function runGate({ args }) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

async function report(gate) {
  const fromMs = performance.now();
  if (gate.args[0].startsWith('tools/') && !existsSync(join(root, gate.args[0]))) {
    console.log(`${gate.name.padEnd(12)} FAILED  there is no ${gate.args[0]}`);
    return false;
  }
  const { code, output } = await runGate(gate);
  const seconds = ((performance.now() - fromMs) / 1000).toFixed(1).padStart(6);
  console.log(`${gate.name.padEnd(12)} ${code === 0 ? 'OK    ' : 'FAILED'} ${seconds} s`);
  if (code !== 0) console.log(output.trim().replaceAll(/^/gm, '    '));
  return code === 0;
}

async function main() {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const names = values.only?.split(',');
  const unknown = names?.filter((name) => !GATES.some((gate) => gate.name === name)) ?? [];
  if (unknown.length > 0)
    throw new Error(`unknown: ${unknown.join(', ')}; there are ${GATES.map(({ name }) => name).join(', ')}`);
  const queue = GATES.filter((gate) => names?.includes(gate.name) ?? true);
  const results = [];
  const worker = async () => {
    for (let gate = queue.shift(); gate; gate = queue.shift()) results.push(await report(gate));
  };
  await Promise.all([worker(), worker()]);
  const failed = results.filter((ok) => !ok).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
