import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { batchRoutes, deployerRoutes, evaluatorRoutes, registryRoutes } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { type Cast, assembleCast } from './cast.js';
import { type Client, problemOf } from './client.js';
import { brokenInvariants } from './invariants-hold.js';
import { killInTurn } from './kill-in-turn.js';
import { MODE, Mesh } from './mesh.js';
import {
  type FleetRun,
  GOLDEN,
  MODEL,
  TRAINING,
  bringToProduction,
  commitRows,
  describeApplication,
  linesAt,
  obtainGrants,
  predict,
  scoreBatch,
} from './model-way.js';
import { patiently } from './patience.js';
import { stepsOn } from './steps.js';
import { csvOf, machineRows } from './tables.js';

const SEED = Number(process.env['MYRIAD_TEST_SEED'] ?? Date.now() % 1_000_000);
const TENANTS = ['kay', 'lem'] as const;
const BATCH_ROWS = 40_000;
/** What stands between and under the services besides, on Kafka and S3. */
const ENGINES = MODE === 'mesh' ? ['kafka', 's3', 'balancer'] : [];

/** The steps build on one another. */
describe(`A mesh whose processes are killed (MYRIAD_TEST_SEED=${SEED})`, () => {
  let mesh: Mesh;
  /** Everyone tries again what is refused for the moment. */
  let cast: Cast;
  let run: FleetRun;
  const step = stepsOn(() => mesh);

  beforeAll(async () => {
    mesh = await Mesh.start();
    cast = patiently(await assembleCast(mesh.admin, TENANTS));
  });
  afterAll(() => Mesh.stopAll());

  step('brings every model to production all the same', async () => {
    const victims = ['auth', 'registry', 'training', 'evaluator', 'deployer', 'gateway', 'postgres', ...ENGINES];
    const killing = killInTurn(mesh, victims, SEED);
    await Promise.all(
      cast.tenants.map(async (tenant, at) => {
        await commitRows(tenant.program.client, TRAINING, machineRows(2_000, at + 1));
        await commitRows(tenant.program.client, GOLDEN, machineRows(900, 500 + at));
        await obtainGrants(cast, tenant);
      }),
    );
    await describeApplication(cast);
    const result = await bringToProduction(cast);
    run = result.run;
    await killing;
    expect(result.campaign).toMatchObject({ status: 'completed' });
    expect(result.campaign.members.map(({ state }) => state)).toEqual(TENANTS.map(() => 'live'));
  });

  step('scores every row of a file once, and answers every prediction', async () => {
    const [tenant] = cast.tenants;
    const { client } = tenant!.program;
    const rows = machineRows(BATCH_ROWS, 77);
    await commitRows(client, 'many', rows);
    const replicas = (await mesh.processes())
      .map(({ name }) => name)
      .filter((name) => name.startsWith('realtime-prod'));
    const scoring = scoreBatch(client, 'many', 1_000);
    const killing = killInTurn(mesh, ['batch', ...replicas], SEED);
    const [job] = await Promise.all([
      scoring,
      killing,
      Promise.all(Array.from({ length: 20 }, (_none, at) => predict(client, rows.slice(at, at + 1)))),
    ]);
    expect(job).toMatchObject({ status: 'succeeded', progress: { rows: BATCH_ROWS, rowErrors: 0 } });
    const lines = await linesAt(
      (await client.call(batchRoutes.getBatchJob, { params: { batchJobId: job.batchJobId } })).output!.url,
    );
    expect(lines.map(({ row }) => Number(row))).toEqual(rows.map((_row, at) => at));
    const live = await predict(client, rows.slice(0, 1_000));
    expect(lines.slice(0, 1_000).map((line) => Math.fround(Number(line['probability'])))).toEqual(
      live.map(({ probability }) => Math.fround(probability)),
    );
  });

  step('has lost nothing and done nothing twice', async () => {
    for (const { tenantId } of cast.tenants) {
      const { items } = await cast.scientist.client
        .in(tenantId)
        .call(registryRoutes.listModelVersions, { params: { name: MODEL } });
      const member = run.members.find((one) => one.tenantId === tenantId);
      expect(items.map(({ version, lineage }) => [version, lineage.runId])).toEqual([[1, member?.runId]]);
    }
    const rollouts = await cast.admin.call(deployerRoutes.listRollouts, { query: { pageSize: 500 } });
    expect(rollouts.items.map((one) => `${one.tenantId} ${one.environment} ${one.status}`).sort()).toEqual(
      TENANTS.flatMap((tenantId) => ['engineering', 'production'].map((name) => `${tenantId} ${name} completed`)),
    );
    expect((await cast.admin.call(evaluatorRoutes.listCampaigns)).items).toHaveLength(1);
    await eventually(
      async () => {
        const { items } = await cast.admin.call(deployerRoutes.listCosts);
        expect(items.find(({ tenantId }) => tenantId === TENANTS[0])?.batchRows).toBe(BATCH_ROWS);
      },
      { timeoutMs: 20_000, intervalMs: 250 },
    );
  });

  step('predicts on while PostgreSQL restarts, and refuses writes until they can be kept', async () => {
    const [tenant] = cast.tenants;
    const client = tenant!.program.client.impatient();
    await client.call(registryRoutes.createDataset, { body: { name: 'loaded' } });
    const restarting = new AbortController();
    const predicting = predictUntil(client, restarting.signal);
    const loading = loadUntil(client, restarting.signal);
    await mesh.backAgain('postgres', await mesh.kill('postgres'));
    const before = (await mesh.processes()).find(({ name }) => name === 'postgres');
    await mesh.restart('postgres');
    await mesh.backAgain('postgres', before?.pid ?? 0);
    await eventually(async () => {
      await commitRows(client, 'afterwards', machineRows(10, 1));
    });
    restarting.abort();
    const { failures, count } = await predicting;
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(20);
    const { refusals, committed } = await loading;
    expect(refusals.filter((refusal) => !refusal.startsWith('503 '))).toEqual([]);
    expect(refusals.length).toBeGreaterThan(0);
    const dataset = await client.call(registryRoutes.getDataset, { params: { name: 'loaded' } });
    expect(dataset.latestVersion).toBe(committed);
  });

  step('has lost nothing, done nothing twice, and left nothing behind', async () => {
    expect(await brokenInvariants(mesh)).toEqual([]);
  });
});

/** Asks one after the other; whatever is no answer is a failure. */
async function predictUntil(client: Client, signal: AbortSignal): Promise<{ failures: string[]; count: number }> {
  const rows = machineRows(1, 9);
  const failures: string[] = [];
  let count = 0;
  while (!signal.aborted) {
    await predict(client, rows).catch((error: unknown) => failures.push((error as Error).message));
    count++;
    await pause(10);
  }
  return { failures, count };
}

/** Commits one version of `loaded` after the other, each until it is kept. */
async function loadUntil(client: Client, signal: AbortSignal): Promise<{ refusals: string[]; committed: number }> {
  const refusals: string[] = [];
  let committed = 0;
  while (!signal.aborted) {
    const answer = await client.send({
      method: 'PUT',
      path: '/v1/datasets/loaded/content?format=csv',
      headers: { 'content-type': 'text/csv' },
      body: csvOf(machineRows(20, 1_000 + committed)),
    });
    if (answer.status === 201) committed++;
    else {
      const { status, code, detail } = problemOf(answer);
      refusals.push(`${status} ${code} ${detail}`);
    }
    await pause(20);
  }
  return { refusals, committed };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
