import { it } from '@jest/globals';
import type { Mesh } from './mesh.js';

/** Tests that build on one another: the first that fails shows the mesh's logs, and those after it say so instead of failing for odd reasons. */
export function stepsOn(mesh: () => Mesh): (name: string, run: () => Promise<void>) => void {
  let failed: string | undefined;
  return (name, run) => {
    it(name, async () => {
      if (failed !== undefined) throw Object.assign(new Error(`a step before failed: ${failed}`), { stack: '' });
      try {
        await run();
      } catch (error) {
        failed = name;
        process.stderr.write(`\n${name}: failed; what the mesh's processes said last:\n${mesh().logs()}\n`);
        throw error;
      }
    });
  };
}
