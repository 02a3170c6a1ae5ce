import { readFileSync } from 'node:fs';
import { ConfigError } from './load-config.js';

/**
 * Reads a secret from a file, as mounted by Kubernetes or written by the standalone mesh; white space around it is cut off.
 * @throws {ConfigError} naming `variable` when the file can't be read or is empty. The content is never in the message.
 */
export function secretFile(path: string, variable = 'secret file'): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new ConfigError([{ variable, message: `can't read ${path} (${reason})` }]);
  }
  if (text === '') throw new ConfigError([{ variable, message: `${path} is empty` }]);
  return text;
}
