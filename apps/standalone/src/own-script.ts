import { fileURLToPath } from 'node:url';

/** A compiled program of this package, wherever the caller runs from. */
export function ownScript(name: string): string {
  return fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url));
}
