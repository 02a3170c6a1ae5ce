import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cast, assembleCast } from './cast.js';
import { predictOne } from './load.js';
import { brokenInvariants } from './invariants-hold.js';
import { MODE, Mesh } from './mesh.js';
import {
  GOLDEN,
  TRAINING,
  bringToProduction,
  commitRows,
  describeApplication,
  obtainGrants,
  scoreBatch,
} from './model-way.js';
import { patiently } from './patience.js';
import { machineRows } from './tables.js';

const SHIFT = pathToFileURL(join(import.meta.dirname, 'chaos/shifted-clock.mjs')).href;
const MINUTE_MS = 60_000;
/** How far each service's clock is ahead of PostgreSQL's; no two differ by more than five minutes. */
const SHIFTS = {
  auth: 0,
  registry: 5,
  training: 0.5,
  evaluator: 4.5,
  deployer: 2,
  batch: 5,
  gateway: 2.5,
  realtime: 0,
} as const;
const shifted = (minutes: number): Record<string, string> => ({
  NODE_OPTIONS: `--import ${SHIFT}`,
  CLOCK_SHIFT_MS: String(minutes * MINUTE_MS),
});

/** A journey of its own; by hand: `npm run test:faults -- --only clocks`. */
const isWanted =
  process.env['MYRIAD_FAULTS'] === 'full' &&
  (process.env['MYRIAD_FAULTS_ONLY'] ?? 'clocks').split(',').includes('clocks');

(isWanted ? describe : describe.skip)(`A mesh in mode ${MODE} whose clocks are up to five minutes apart`, () => {
  let mesh: Mesh;
  let cast: Cast;

  beforeAll(async () => {
    const variables = Object.fromEntries(
      Object.entries(SHIFTS).map(([service, minutes]) => [service, shifted(minutes)]),
    );
    mesh = await Mesh.start({ mode: MODE, env: { MYRIAD_OVERRIDES: JSON.stringify({ variables }) } });
    cast = patiently(await assembleCast(mesh.admin, ['mona', 'nick']));
  });
  afterAll(() => Mesh.stopAll());

  it('takes tokens, grants and approvals of all, and brings models to production', async () => {
    await Promise.all(
      cast.tenants.map(async (tenant, at) => {
        await commitRows(tenant.program.client, TRAINING, machineRows(1_200, at + 1));
        await commitRows(tenant.program.client, GOLDEN, machineRows(900, 500 + at));
        await obtainGrants(cast, tenant);
      }),
    );
    await describeApplication(cast);
    expect((await bringToProduction(cast)).campaign.status).toBe('completed');
    const { client } = cast.tenants[0]!.program;
    await predictOne(client);
    expect((await scoreBatch(client, GOLDEN, 300)).status).toBe('succeeded');
  });

  it('has lost nothing, done nothing twice, and left nothing behind', async () => {
    expect(await brokenInvariants(mesh)).toEqual([]);
  });
});
