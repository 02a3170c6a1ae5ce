import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Launched, ProcessExit } from './launched.js';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Both outputs are appended to it. */
  readonly logFile: string;
  readonly cwd: string;
}

/** Starts a program as leader of its own process group: a Ctrl-C in the terminal is for the supervisor alone. */
export async function launchProgram({ command, args, env, logFile, cwd }: Program): Promise<Launched> {
  const output = openSync(logFile, 'a', 0o600);
  const child = spawn(command, [...args], { cwd, env, detached: true, stdio: ['ignore', output, output] });
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
