import type { z } from 'zod';
import { ConfigError, type ConfigFault, type Environment } from './config-error.js';
import { resolveSecret, type ResolvedSecret } from './resolve-secret.js';
import { isSecret } from './secret.js';
import { rememberSources } from './secret-reader.js';

export interface LoadOptions {
  /** Hears of what works but should not be so; default one line of JSON on standard error. */
  readonly warn?: (fields: Readonly<Record<string, string>>, message: string) => void;
}

/**
 * Reads the fields of `schema`, named like their variables, from the environment. An empty variable counts as absent; fields marked by
 * `secret()` may be references.
 * @throws {ConfigError} with all faults at once, never with a value.
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  env: Environment = process.env,
  { warn = warnOnStandardError }: LoadOptions = {},
): z.output<S> {
  const secrets = secretsOf(schema, env);
  const input = inputOf(schema, env, secrets);
  const result = schema.safeParse(input);
  const faults = [...brokenReferences(secrets), ...(result.error?.issues ?? []).flatMap(faultsOf(input, secrets))];
  if (result.data === undefined || faults.length > 0) throw new ConfigError(faults);
  for (const { variable, path, isReadableByOthers } of secrets.values())
    if (path !== undefined && isReadableByOthers === true)
      warn({ variable, path }, 'a secret file may be read by every user of the machine; give it mode 0400');
  rememberSources(result.data, schema, secrets);
  return result.data;
}

type Secrets = ReadonlyMap<string, ResolvedSecret>;
type Input = Readonly<Record<string, string | undefined>>;

/** The secrets that are set. */
function secretsOf(schema: z.ZodObject, env: Environment): Secrets {
  const found = new Map<string, ResolvedSecret>();
  for (const [name, field] of Object.entries(schema.shape)) {
    const resolved = isSecret(field) ? resolveSecret(name, env) : undefined;
    if (resolved !== undefined) found.set(name, resolved);
  }
  return found;
}

function inputOf(schema: z.ZodObject, env: Environment, secrets: Secrets): Input {
  const names = Object.keys(schema.shape);
  const values = names.map((name) => [name, isSecret(schema.shape[name]) ? secrets.get(name)?.value : env[name]]);
  return Object.fromEntries(values.filter(([, value]) => value !== '' && value !== undefined)) as Input;
}

function brokenReferences(secrets: Secrets): ConfigFault[] {
  return [...secrets.values()].flatMap(({ variable, fault }) =>
    fault === undefined ? [] : [{ variable, message: fault }],
  );
}

/** A reference that is broken was told already. */
function faultsOf(input: Input, secrets: Secrets): (issue: z.core.$ZodIssue) => ConfigFault[] {
  return (issue) => {
    const [first, ...rest] = issue.path.map(String);
    if (first === undefined) return [{ variable: '(together)', message: issue.message }];
    const found = secrets.get(first);
    if (found?.fault !== undefined) return [];
    const variable = found?.variable ?? first;
    if (rest.length > 0) return [{ variable, message: `${issue.message} at ${rest.join('.')}` }];
    const isMissing = input[first] === undefined;
    return [{ variable, message: isMissing ? `is required (${issue.message})` : issue.message }];
  };
}

function warnOnStandardError(fields: Readonly<Record<string, string>>, message: string): void {
  process.stderr.write(`${JSON.stringify({ level: 'warn', time: Date.now(), msg: message, ...fields })}\n`);
}
