/** One fault of the environment. The value itself is never in here: it may be a secret. */
export interface ConfigFault {
  readonly variable: string;
  readonly message: string;
}

/** The environment does not make a configuration; the message lists every fault. `runMain` turns it into exit code 78. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map(({ variable, message }) => `\n  ${variable}: ${message}`);
    super(`the configuration has ${faults.length} fault${faults.length === 1 ? '' : 's'}:${lines.join('')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** An environment as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;
