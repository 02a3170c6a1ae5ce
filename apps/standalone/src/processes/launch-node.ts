import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Launched, ProcessExit } from './launched.js';

export interface NodeProgram {
  /** Absolute path of the script. */
  readonly script: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Both outputs are appended to it. */
  readonly logFile: string;
  /** Megabytes of JavaScript heap; more than that ends the process. */
  readonly heapMb: number;
  readonly cwd: string;
}

/** Starts a script on this Node, as leader of its own process group: a Ctrl-C in the terminal is for the supervisor alone. */
export async function launchNode({ script, env, logFile, heapMb, cwd }: NodeProgram): Promise<Launched> {
  const output = openSync(logFile, 'a', 0o600);
  const args = ['--enable-source-maps', `--max-old-space-size=${heapMb}`, script];
  const child = spawn(process.execPath, args, { cwd, env, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid ?? 0;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => {
      endGroup(pid);
      resolve({ code, signal });
    });
  });
  return { pid, exited, kill: (signal) => void child.kill(signal) };
}

/** Ends what the process has started and left behind, such as a training job. */
function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // it has left nothing
  }
}
