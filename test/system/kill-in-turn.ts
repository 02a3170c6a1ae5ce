import type { Mesh } from './mesh.js';
import { randomOf } from './tables.js';

const MAX_PAUSE_MS = 1_200;

/** Kills each once, in a random order and at random moments; the next one only when the one before is back. */
export async function killInTurn(mesh: Mesh, names: readonly string[], seed: number): Promise<void> {
  const random = randomOf(seed);
  const order = names
    .map((name) => ({ name, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ name }) => name);
  for (const name of order) {
    await new Promise((resolve) => setTimeout(resolve, random() * MAX_PAUSE_MS));
    const pid = await mesh.kill(name);
    await mesh.backAgain(name, pid);
  }
}
