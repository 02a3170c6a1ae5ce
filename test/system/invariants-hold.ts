import { RULES, check, quiesce, targetOfState, OpenWorld } from '@myriad/invariants';
import type { Mesh } from './mesh.js';

/** What the mesh breaks of what must hold once it has come to rest; empty when it holds. */
export async function brokenInvariants(mesh: Mesh, timeoutMs = 60_000): Promise<readonly string[]> {
  const world = await OpenWorld.open(targetOfState(mesh.stateFolder));
  try {
    const moving = await quiesce(world, RULES, { timeoutMs });
    const { findings } = await check(world, RULES);
    const unrest = moving.map(({ rule, breach }) => `not at rest: ${rule}: ${breach}`);
    return [...unrest, ...findings.map(({ rule, breach }) => `${rule}: ${breach}`)];
  } finally {
    await world.close();
  }
}
