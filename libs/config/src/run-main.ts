import { ConfigError } from './config-error.js';

/** sysexits.h EX_CONFIG: a restart will not help, a person must change the configuration. */
const EXIT_CONFIG = 78;
const EXIT_FAULT = 1;

/** What {@link runMain} needs of the process. */
export interface MainProcess {
  /** Writes to standard error. */
  write(text: string): void;
  exit(code: number): void;
}

const thisProcess: MainProcess = {
  write: (text) => {
    process.stderr.write(text);
  },
  exit: (code) => {
    process.exit(code);
  },
};

/**
 * Runs a program's start. A {@link ConfigError} is printed as it is and ends the process with 78; any other error is
 * logged as one line of JSON with its stack and ends the process with 1. A resolved start leaves the process running.
 */
export async function runMain(main: () => void | Promise<void>, target: MainProcess = thisProcess): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (error instanceof ConfigError) {
      target.write(`${error.message}\n`);
      target.exit(EXIT_CONFIG);
      return;
    }
    target.write(`${JSON.stringify({ level: 'fatal', time: Date.now(), msg: 'start failed', err: plain(error) })}\n`);
    target.exit(EXIT_FAULT);
  }
}

interface PlainError {
  readonly message: string;
  readonly stack?: string | undefined;
  readonly cause?: PlainError;
}

function plain(error: unknown): PlainError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, stack, cause } = error;
  return { message, stack, ...(cause === undefined ? {} : { cause: plain(cause) }) };
}
