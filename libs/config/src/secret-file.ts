import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

/** Others may write: whoever is on the machine could choose the secret. */
const WRITABLE_BY_OTHERS = 0o002;
const READABLE_BY_OTHERS = 0o004;

/** A secret in a file, or why there is none. */
export type SecretFile =
  | { readonly text: string; readonly isReadableByOthers: boolean }
  | { readonly fault: string; readonly text?: undefined };

/**
 * Reads a secret as mounted by Kubernetes or Docker or written by the standalone mesh; white space around it is cut off. The content is
 * never in a fault.
 */
export function readSecretFile(path: string): SecretFile {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const { mode } = fstatSync(descriptor);
    if ((mode & WRITABLE_BY_OTHERS) !== 0) return { fault: `${path} may be written by everybody; give it mode 0400` };
    const text = readFileSync(descriptor, 'utf8').trim();
    if (text === '') return { fault: `${path} is empty` };
    return { text, isReadableByOthers: (mode & READABLE_BY_OTHERS) !== 0 };
  } catch (error) {
    return { fault: `can't read ${path} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})` };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
