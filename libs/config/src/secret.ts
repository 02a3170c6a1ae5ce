import type { z } from 'zod';

const secrets = new WeakSet<z.ZodType>();

/**
 * Marks a field of a config as a secret; put it outermost: `secret(z.string().min(1).describe('…'))`. Named `NAME`, its value is given as
 * - `NAME=<value>`, directly,
 * - `NAME_FILE=<path>`, the content of a file (a Secret of Kubernetes or Docker), white space around it cut off,
 * - `NAME=file:<path>`, the same, or `NAME=env:<OTHER>`, the value of another variable.
 *
 * A value that itself begins with `env:` or `file:` is given by file.
 */
export function secret<S extends z.ZodType>(schema: S): S {
  secrets.add(schema);
  return schema;
}

/** Whether the field was marked by {@link secret}. */
export function isSecret(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && secrets.has(schema as z.ZodType);
}
