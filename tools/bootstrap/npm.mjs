import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runProgram } from './progress.mjs';

const STAMP = 'node_modules/.myriad-lock-digest';

/** Where the pinned Node is; the npm package `node` brings it. */
export function pinnedNode(root) {
  return join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** The packages of the lock file, by their place, that this machine must have; optional ones depend on the platform. */
function needed(lock) {
  return Object.entries(lock.packages).filter(([path, entry]) => path.includes('node_modules/') && !entry.optional);
}

/** Whether what npm wrote down after its last installation is what the lock file asks for. */
function fits(root, lockText) {
  try {
    const installed = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')).packages;
    return needed(JSON.parse(lockText)).every(
      ([path, entry]) => installed[path]?.version === entry.version && installed[path]?.link === entry.link,
    );
  } catch {
    return false;
  }
}

/** Runs `npm ci` when `node_modules` is missing or does not fit `package-lock.json`. */
export async function npmPackages(root, progress) {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const digest = createHash('sha256').update(lockText).digest('hex');
  const stamp = join(root, STAMP);
  const hasNode = existsSync(pinnedNode(root));
  if (hasNode && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  if (!hasNode || !fits(root, lockText)) await progress.step('npm packages', () => install(root));
  writeFileSync(stamp, digest);
}

async function install(root) {
  // npm runs on the machine's Node: the pinned one is about to be replaced.
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(join(root, 'node_modules')));
  const env = { ...process.env, PATH: path.join(delimiter), ONNXRUNTIME_NODE_INSTALL: 'skip' };
  await runProgram('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, env, shell: process.platform === 'win32' });
  if (!existsSync(pinnedNode(root))) {
    throw new Error(
      'npm ci did not bring the pinned Node: are install scripts switched off (`npm config get ignore-scripts`)?',
    );
  }
}
