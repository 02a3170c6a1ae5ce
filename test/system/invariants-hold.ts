import { RULES, check, quiesce, targetOfState, OpenWorld } from '@myriad/invariants';
import type { Mesh } from './mesh.js';

const LOOK_MS = 2_000;
/** Orphans, and what the collector just asks or answers: a mesh that collects is not at rest. */
const OF_COLLECTING =
  /^no-orphan-objects: |^inbox-from-log: |objects-(?:suspected|named|removed)|removals of objects|\.object\.v1/;

/** As {@link brokenInvariants}, once what failed uploads left is collected, or was not within `collectedMs`. */
export async function brokenOnceCollected(
  mesh: Mesh,
  { timeoutMs, collectedMs }: { readonly timeoutMs: number; readonly collectedMs: number },
): Promise<readonly string[]> {
  const untilMs = performance.now() + collectedMs;
  for (;;) {
    const broken = await brokenInvariants(mesh, timeoutMs);
    if (!broken.some((breach) => OF_COLLECTING.test(breach)) || performance.now() > untilMs) return broken;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

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
