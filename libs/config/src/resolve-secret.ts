import type { Environment } from './config-error.js';
import { readSecretFile } from './secret-file.js';

/** Where a secret stands, and what stood there. */
export interface ResolvedSecret {
  /** The variable that was set: `NAME` or `NAME_FILE`. */
  readonly variable: string;
  /** The file it came from, when it came from one. */
  readonly path?: string;
  readonly value?: string;
  /** Why there is no value; never with any of it. */
  readonly fault?: string;
  readonly isReadableByOthers?: boolean;
}

const ENVIRONMENT = /^env:([A-Za-z_]\w*)$/;
const FILE = /^file:(.+)$/s;

/** Follows the reference of a secret; undefined when neither `NAME` nor `NAME_FILE` is set. */
export function resolveSecret(name: string, env: Environment): ResolvedSecret | undefined {
  const direct = env[name] || undefined;
  const file = env[`${name}_FILE`] || undefined;
  if (file === undefined) return direct === undefined ? undefined : followReference(name, direct, env);
  if (direct === undefined) return fromFile(`${name}_FILE`, file);
  return { variable: name, fault: `give either ${name} or ${name}_FILE, not both` };
}

/** What a text that may be a reference stands for. */
export function followReference(variable: string, text: string, env: Environment): ResolvedSecret {
  const path = FILE.exec(text)?.[1];
  if (path !== undefined) return fromFile(variable, path);
  const other = ENVIRONMENT.exec(text)?.[1];
  if (other === undefined) return { variable, value: text };
  const value = env[other] || undefined;
  return value === undefined ? { variable, fault: `refers to ${other}, which is not set` } : { variable, value };
}

function fromFile(variable: string, path: string): ResolvedSecret {
  const read = readSecretFile(path);
  if (read.text === undefined) return { variable, path, fault: read.fault };
  return { variable, path, value: read.text, isReadableByOthers: read.isReadableByOthers };
}
