import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { assembleCast } from './cast.js';
import { startChaosMesh } from './chaos/chaos-mesh.js';
import { unexpected } from './chaos/expectations.js';
import type { FaultScene } from './chaos/fault.js';
import { LOG_FAULTS } from './chaos/log-faults.js';
import { POSTGRES_FAULTS } from './chaos/postgres-faults.js';
import { PROCESS_FAULTS } from './chaos/process-faults.js';
import { STORE_FAULTS } from './chaos/store-faults.js';
import { startTraffic } from './chaos/traffic.js';
import { brokenOnceCollected } from './invariants-hold.js';
import { MODE } from './mesh.js';
import {
  GOLDEN,
  TRAINING,
  bringToProduction,
  commitRows,
  describeApplication,
  obtainGrants,
  predict,
} from './model-way.js';
import { patiently } from './patience.js';
import { machineRows, randomOf } from './tables.js';

const SEED = Number(process.env['MYRIAD_TEST_SEED'] ?? Date.now() % 1_000_000);
/** `npm run test:faults` runs all of them at full length, and says how it went. */
const IS_FULL = process.env['MYRIAD_FAULTS'] === 'full';
const ONLY = process.env['MYRIAD_FAULTS_ONLY']?.split(',');
const TENANTS = ['may', 'ned'] as const;
/** Traffic before the trouble and after it, milliseconds. */
const AROUND_MS = 1_000;

const faults = [...POSTGRES_FAULTS, ...LOG_FAULTS, ...STORE_FAULTS, ...PROCESS_FAULTS].filter(
  ({ name, modes, inCi }) => modes.includes(MODE) && (ONLY ? ONLY.includes(name) : IS_FULL || inCi),
);

/** One mesh goes through all of it, as a mesh does. */
describe(`A mesh in mode ${MODE} in trouble (MYRIAD_TEST_SEED=${SEED})`, () => {
  let scene: FaultScene;
  let stop: () => Promise<void> = () => Promise.resolve();

  beforeAll(async () => {
    const chaos = await startChaosMesh({ mode: MODE });
    stop = () => chaos.stop();
    const cast = patiently(await assembleCast(chaos.mesh.admin, TENANTS));
    await Promise.all(
      cast.tenants.map(async (tenant, at) => {
        await commitRows(tenant.program.client, TRAINING, machineRows(1_200, at + 1));
        await commitRows(tenant.program.client, GOLDEN, machineRows(900, 500 + at));
        await obtainGrants(cast, tenant);
      }),
    );
    await describeApplication(cast);
    const { campaign } = await bringToProduction(cast);
    expect(campaign.status).toBe('completed');
    // the gateway hears of a new pool a moment after the campaign has ended
    for (const { program } of cast.tenants)
      await eventually(() => predict(program.client.impatient(), machineRows(1, 9)));
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    scene = { ...chaos, cast, pause, isFull: IS_FULL, random: randomOf(SEED) };
  });
  afterAll(() => stop());

  it.each(faults.map((fault) => [`${fault.name}: ${fault.promise}`, fault] as const))('%s', async (_name, fault) => {
    const traffic = await startTraffic(scene.cast);
    await scene.pause(AROUND_MS);
    const struck = await fault.strike(scene).catch((error: unknown) => `the trouble itself: ${String(error)}`);
    await scene.pause(AROUND_MS);
    const report = await traffic.end();
    const broken = await brokenOnceCollected(scene.mesh, { timeoutMs: 120_000, collectedMs: 120_000 });
    const problems = [...(struck === undefined ? [] : [struck]), ...unexpected(fault, report), ...broken];
    if (problems.length > 0) process.stderr.write(`\n${scene.mesh.logs()}\n${fault.name}:\n${problems.join('\n')}\n`);
    expect(problems).toEqual([]);
    expect(report.predictions.count).toBeGreaterThan(5);
    await fault.afterwards?.(scene, report);
    const { predictions, writes, reads } = report;
    if (IS_FULL)
      process.stderr.write(
        `${fault.name}: ${[predictions, writes, reads].map(({ count, failures, slowestMs }) => `${count} sent, ${failures.length} failed, slowest ${Math.round(slowestMs)} ms`).join('; ')}\n`,
      );
  });
});
