import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

export interface ChildResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningChild {
  readonly process: ChildProcess;
  readonly ended: Promise<ChildResult>;
  /** Its standard output so far. */
  printed(): string;
}

/** A script of this folder in a process of its own; `limits` is shell that runs before it. */
export function startChild(script: string, args: readonly string[], limits = ':'): RunningChild {
  const folder = import.meta.dirname;
  const node = [process.execPath, '--expose-gc', '--no-warnings', '--conditions=development'];
  const command = [...node, '--import', join(folder, 'typescript.mjs'), join(folder, script), ...args];
  const child = spawn('/bin/sh', ['-c', `${limits}; exec "$@"`, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<ChildResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
  return { process: child, ended, printed: () => stdout };
}

/** Runs a script to its end. */
export function runChild(script: string, args: readonly string[], limits?: string): Promise<ChildResult> {
  return startChild(script, args, limits).ended;
}
