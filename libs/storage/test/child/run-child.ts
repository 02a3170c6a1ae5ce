import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface ChildResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of this folder's scripts in a process of its own. */
export function runChild(script: string, args: readonly string[]): Promise<ChildResult> {
  const folder = import.meta.dirname;
  const node = ['--expose-gc', '--no-warnings', '--conditions=development', '--import', join(folder, 'typescript.mjs')];
  const child = spawn(process.execPath, [...node, join(folder, script), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
