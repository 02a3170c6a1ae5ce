import type { z } from 'zod';

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

/**
 * Reads the fields of `schema`, named like their variables, from the environment. An empty variable counts as absent.
 * @throws {ConfigError} with all faults at once, never with a value.
 */
export function loadConfig<S extends z.ZodObject>(schema: S, env: Environment = process.env): z.output<S> {
  const names = Object.keys(schema.shape);
  const input = Object.fromEntries(names.filter((name) => env[name] !== '').map((name) => [name, env[name]]));
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.map((issue) => faultOf(issue, input)));
}

function faultOf(issue: z.core.$ZodIssue, input: Readonly<Record<string, unknown>>): ConfigFault {
  const [first, ...rest] = issue.path.map(String);
  if (first === undefined) return { variable: '(together)', message: issue.message };
  const isMissing = rest.length === 0 && input[first] === undefined;
  if (isMissing) return { variable: first, message: `is required (${issue.message})` };
  return { variable: first, message: rest.length === 0 ? issue.message : `${issue.message} at ${rest.join('.')}` };
}
