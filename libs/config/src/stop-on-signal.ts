import type { MainProcess } from './run-main.js';

/** What {@link stopOnSignal} needs of the process besides. */
export interface SignalledProcess extends MainProcess {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): void;
}

const thisProcess: SignalledProcess = {
  write: (text) => {
    process.stderr.write(text);
  },
  exit: (code) => {
    process.exit(code);
  },
  on: (signal, listener) => {
    process.on(signal, listener);
  },
};

/**
 * Ends the program in order: on SIGTERM or SIGINT the steps run one after the other (first what lets work in, last what it stands on),
 * then the process exits with 0. A step that fails is printed, the others still run, and the exit code is 1; so it is for a second signal,
 * which ends the process at once.
 */
export function stopOnSignal(steps: readonly (() => Promise<unknown>)[], target: SignalledProcess = thisProcess): void {
  let isStopping = false;
  const stop = async (): Promise<void> => {
    let code = 0;
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        code = 1;
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        target.write(`${JSON.stringify({ level: 'error', time: Date.now(), msg: 'stopping failed', err: text })}\n`);
      }
    }
    target.exit(code);
  };
  const onSignal = (): void => {
    if (isStopping) target.exit(1);
    isStopping = true;
    void stop();
  };
  target.on('SIGTERM', onSignal);
  target.on('SIGINT', onSignal);
}
