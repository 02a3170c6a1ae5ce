/** Runs of Jest, counted from its report. Files that failed are run once more, alone. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
/** The pinned Node, whatever runs this file. */
const pinnedNode = join(root, 'node_modules', '.bin', 'node');
const node = existsSync(pinnedNode) ? pinnedNode : process.execPath;
/** With more files than this the fault is no unsteady one. */
const MOST_RETRIED = 5;

/** Runs a command with this one's output; resolves with its exit code (1 when a signal ended it). `onChild` gets the process, to pass signals on. */
export function run(command, args, env, onChild) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  onChild(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/**
 * Runs Jest and counts from its report; a suite that could not run at all is one failure. Files that failed are run once more, alone:
 * clocks of a loaded machine make some tests of crashes and time-outs fail now and then. What passes then is named as unsteady.
 * @param name of the report in `folder`
 * @returns {{passed: number, failed: number}}
 */
export async function countJest(name, args, { env, folder, onChild }) {
  const once = (report, jestArgs) => runJest(join(folder, `${report}.json`), jestArgs, env, onChild);
  const first = await once(name, args);
  if (first.failedFiles.length === 0 || first.failedFiles.length > MOST_RETRIED) return first.counts;
  console.log(`\nonce more, alone: ${first.failedFiles.map((file) => relative(root, file)).join(', ')}`);
  const second = await once(`${name}-again`, ['--runInBand', '--runTestsByPath', ...first.failedFiles]);
  const unsteady = first.failedFiles.filter((file) => !second.failedFiles.includes(file));
  for (const file of unsteady) console.log(`unsteady: ${relative(root, file)} failed, then passed`);
  const { passed, failed } = second.counts;
  return { passed: first.counts.passed - first.passedInFailedFiles + passed, failed };
}

async function runJest(report, args, env, onChild) {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const program = ['--experimental-vm-modules', '--no-warnings', jest, '--config', join(root, 'jest.config.mjs')];
  const code = await run(node, [...program, '--json', '--outputFile', report, ...args], env, onChild);
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

/** An exit code that says otherwise than the counts is one failure. */
export function atLeastOneFailure(code, counts) {
  return code === 0 ? counts : { ...counts, failed: Math.max(1, counts.failed) };
}
