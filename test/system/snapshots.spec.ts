import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  authRoutes,
  keyChangedV1,
  placementChangedV1,
  poolChangedV1,
  principalChangedV1,
  signingKeysChangedV1,
  tenantChangedV1,
} from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { addTenant } from './cast.js';
import { MODE, Mesh } from './mesh.js';

/** What gateways and serving processes begin with. */
const FOLLOWED = [
  keyChangedV1,
  placementChangedV1,
  poolChangedV1,
  principalChangedV1,
  signingKeysChangedV1,
  tenantChangedV1,
].map(({ topic }) => topic.name);

describe(`Snapshots of topics in mode ${MODE}`, () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await Mesh.start();
  });
  afterAll(() => Mesh.stopAll());

  /** Records by where a gateway that has just started had them from. */
  async function recordsFrom(): Promise<Readonly<Record<string, number>>> {
    const text = await (await fetch(`${mesh.url}/metrics`)).text();
    const found = text.matchAll(/^myriad_tail_records_total\{.*?source="(\w+)".*?\} (\d+)/gm);
    return Object.fromEntries([...found].map(([, source, count]) => [source ?? '', Number(count)]));
  }

  it('are written by the owners of all topics that are followed, and a gateway that starts again goes on from them', async () => {
    const before = await addTenant(mesh.admin, 'mona');
    const suffix = MODE === 'mesh' ? '' : '.doc';
    await eventually(
      () => {
        for (const topic of FOLLOWED)
          expect([
            topic,
            existsSync(join(mesh.objectsFolder, 'platform/documents', `snapshots.${topic}${suffix}`)),
          ]).toEqual([topic, true]);
      },
      { timeoutMs: 90_000, intervalMs: 500 },
    );
    const after = await addTenant(mesh.admin, 'nick');
    for (const name of await mesh.replicasOf('gateway')) {
      const { pid } = (await mesh.processes()).find((one) => one.name === name)!;
      await mesh.restart(name);
      await mesh.backAgain(name, pid!);
    }
    const { snapshot, topic } = await eventually(recordsFrom);
    expect(snapshot).toBeGreaterThan(5);
    expect(topic).toBeGreaterThan(0);
    for (const { program } of [before, after])
      expect(await program.client.call(authRoutes.getMe)).toMatchObject({ principalId: program.principalId });
  });
});
