import type { Backend } from './backend.js';

/**
 * Of the replicas that are ready the one with the fewest open connections, of equals each in turn. When none is ready, one that answers at
 * least: it can say itself why it refuses. undefined when none answers.
 */
export function chooseBackend<T extends Pick<Backend, 'state' | 'open'>>(
  backends: readonly T[],
  turn: number,
): T | undefined {
  for (const state of ['ready', 'unready'] as const) {
    const able = backends.filter((backend) => backend.state === state);
    const fewest = Math.min(...able.map(({ open }) => open));
    const equals = able.filter(({ open }) => open === fewest);
    if (equals.length > 0) return equals[turn % equals.length];
  }
  return undefined;
}
