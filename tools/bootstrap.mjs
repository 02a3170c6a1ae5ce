// node tools/bootstrap.mjs [--python] [--build] [-- script args…]
// Makes a fresh clone ready — npm packages, with --python a Python environment, with --build the compiled packages — and runs the script on
// the pinned Node (a script that is not there yet is compiled first). It has no dependencies and runs on the machine's own Node; what is ready already costs a few milliseconds.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmPackages, pinnedNode } from './bootstrap/npm.mjs';
import { Progress } from './bootstrap/progress.mjs';
import { pythonEnvironment } from './bootstrap/python.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const OLDEST_NODE = [20, 10];

function parse(args) {
  const end = args.indexOf('--');
  const flags = end < 0 ? args : args.slice(0, end);
  const unknown = flags.filter((flag) => flag !== '--python' && flag !== '--build');
  if (unknown.length > 0)
    throw new Error(`unknown: ${unknown.join(' ')}; the flags are --python and --build, then -- and a script`);
  return {
    python: flags.includes('--python'),
    build: flags.includes('--build'),
    command: end < 0 ? [] : args.slice(end + 1),
  };
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new Error(
    `this machine's Node is ${process.versions.node}; Myriad needs ${OLDEST_NODE.join('.')} or newer to bootstrap itself`,
  );
}

async function compile() {
  const { build } = await import('./build.mjs');
  await build();
}

/** Runs the script in this process' place: its output, its signals, its exit code. */
function become([script, ...args]) {
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile'), ...process.env };
  const child = spawn(pinnedNode(root), ['--enable-source-maps', resolve(root, script), ...args], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
    // A terminal gives Ctrl-C to the child as well; then there is nothing to pass on.
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
  }
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code, signal) => done(code ?? 128 + constants.signals[signal]));
  });
}

async function main() {
  const { python, build, command } = parse(process.argv.slice(2));
  checkNode();
  const progress = new Progress();
  const packages = npmPackages(root, progress);
  // The Python environment needs nothing of npm: both download at once.
  const results = await Promise.allSettled([packages, python ? pythonEnvironment(root, progress) : undefined]);
  progress.close();
  const faults = results.filter((result) => result.status === 'rejected').map((result) => result.reason.message);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const script = command.length > 0 ? resolve(root, command[0]) : undefined;
  if (build || (script && !existsSync(script))) await progress.step('compile', compile, { quietBelowMs: 500 });
  if (!script) return 0;
  if (!existsSync(script)) throw new Error(`there is no ${command[0]}`);
  return become(command);
}

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
