import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { registryRoutes } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { type Cast, assembleCast } from './cast.js';
import type { Client } from './client.js';
import { brokenInvariants } from './invariants-hold.js';
import { predictOne, sendUntil } from './load.js';
import { Mesh } from './mesh.js';
import { GOLDEN, TRAINING, bringToProduction, commitRows, describeApplication, obtainGrants } from './model-way.js';
import { stepsOn } from './steps.js';
import { machineRows } from './tables.js';

const PREDICTORS = 4;
const PAUSE_MS = 20;

/** Needs several replicas of the gateway. */
describe('A rolling restart of everything under load', () => {
  let mesh: Mesh;
  let cast: Cast;
  const step = stepsOn(() => mesh);

  beforeAll(async () => {
    mesh = await Mesh.start({ mode: 'mesh' });
    cast = await assembleCast(mesh.admin, ['roy']);
    const [tenant] = cast.tenants;
    await commitRows(tenant!.program.client, TRAINING, machineRows(1_200, 1));
    await commitRows(tenant!.program.client, GOLDEN, machineRows(900, 500));
    await obtainGrants(cast, tenant!);
    await describeApplication(cast);
    await bringToProduction(cast);
    // each gateway hears of a new pool a moment after the campaign has ended; so many at once reach all of them
    const client = tenant!.program.client.impatient();
    await eventually(() => Promise.all(Array.from({ length: 16 }, () => predictOne(client))));
  });
  afterAll(() => Mesh.stopAll());

  step('fails no prediction, and nothing that is read or made', async () => {
    const client = cast.tenants[0]!.program.client.impatient();
    const before = await mesh.processes();
    const ending = new AbortController();
    const options = { signal: ending.signal, pauseMs: PAUSE_MS };
    const work = [
      ...Array.from({ length: PREDICTORS }, () => sendUntil(options, () => predictOne(client))),
      sendUntil(options, () => client.call(registryRoutes.listDatasets)),
      sendUntil(options, (at) => makeDataset(client, `made-${at}`)),
    ];
    await mesh.rollingRestart();
    ending.abort();
    const done = await Promise.all(work);
    expect(done.flatMap(({ failures }) => failures)).toEqual([]);
    for (const { count } of done) expect(count).toBeGreaterThan(20);
    const engines = ['postgres', 'kafka', 's3', 'balancer'];
    const after = new Map((await mesh.processes()).map(({ name, pid }) => [name, pid]));
    const same = before.filter(({ name, pid }) => after.get(name) === pid).map(({ name }) => name);
    expect(same.sort()).toEqual(engines.sort());
  });

  step('has lost nothing and done nothing twice', async () => {
    expect(await brokenInvariants(mesh)).toEqual([]);
  });
});

function makeDataset(client: Client, name: string): Promise<unknown> {
  return client.call(registryRoutes.createDataset, { body: { name } });
}
