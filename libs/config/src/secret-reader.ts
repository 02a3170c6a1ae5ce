import { z } from 'zod';
import { ConfigError, type Environment } from './config-error.js';
import { followReference, type ResolvedSecret } from './resolve-secret.js';
import { readSecretFile } from './secret-file.js';

/** Readers by config and name; a config that `loadConfig` did not make has none. */
const readers = new WeakMap<object, ReadonlyMap<string, () => string>>();

/**
 * The secret `name` of a config made by `loadConfig`, as it is now: one that came from a file is read again each time, so that a rotated
 * password is used by the next connection. A file that is gone, empty or holds no valid value leaves the secret as it was. Of a copy of the
 * config, or when the secret did not come from a file, it is always the value of the start.
 */
export function secretReader<K extends string>(
  config: Readonly<Partial<Record<K, string | undefined>>>,
  name: K,
): () => string {
  return readers.get(config)?.get(name) ?? (() => config[name] ?? '');
}

/** For `loadConfig`: where the config's secrets came from. */
export function rememberSources(
  config: object,
  schema: z.ZodObject,
  secrets: ReadonlyMap<string, ResolvedSecret>,
): void {
  const own = new Map<string, () => string>();
  for (const [name, { path, value }] of secrets)
    if (path !== undefined && value !== undefined)
      own.set(name, fileReader(path, value, schema.shape[name] as z.ZodType));
  if (own.size > 0) readers.set(config, own);
}

function fileReader(path: string, first: string, field: z.ZodType): () => string {
  let last = first;
  return () => {
    const { text } = readSecretFile(path);
    if (text !== undefined && text !== last && field.safeParse(text).success) last = text;
    return last;
  };
}

/**
 * The secret that a larger setting refers to by `env:<OTHER>` or `file:<path>`, as it is now.
 * @throws {ConfigError} naming `variable`, when there is none now
 */
export function secretReference(variable: string, reference: string, env: Environment = process.env): () => string {
  const { value, path, fault } = followReference(variable, reference, env);
  if (value === undefined) throw new ConfigError([{ variable, message: fault ?? 'refers to nothing' }]);
  return path === undefined ? () => value : fileReader(path, value, z.string());
}
