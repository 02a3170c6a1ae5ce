import { launchProgram, type Program } from './launch-program.js';
import type { Launched } from './launched.js';

export interface NodeProgram extends Pick<Program, 'env' | 'logFile' | 'cwd'> {
  /** Absolute path of the script. */
  readonly script: string;
  /** Megabytes of JavaScript heap; more than that ends the process. */
  readonly heapMb: number;
}

/** Starts a script on this Node. */
export function launchNode({ script, heapMb, ...program }: NodeProgram): Promise<Launched> {
  const args = ['--enable-source-maps', `--max-old-space-size=${heapMb}`, script];
  return launchProgram({ ...program, command: process.execPath, args });
}
