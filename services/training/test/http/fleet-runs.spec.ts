import { fleetRunChangedV1, trainingRoutes as routes } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { STARTER, TrainingApp } from '../training-app.js';

const RECIPE = `
for t in tasks:
    if t['tenantId'] == 'fails': end(t, 'failed', 'ValueError: two kinds')
    elif t['tenantId'] == 'few': end(t, 'inconclusive', '29 rows')
    else: end(t, auc=0.75)
done()`;

describe('fleet runs', () => {
  let app: TrainingApp;
  beforeAll(async () => {
    app = await TrainingApp.start();
    for (const tenant of ['good', 'fails', 'few', 'no-grant']) await app.dataset(tenant);
    for (const tenant of ['good', 'fails', 'few', 'no-data']) await app.grant(tenant);
    await app.recipe('delay', RECIPE);
    await app.recipe('slow', 'time.sleep(60)');
    await app.application('flight-delay', 'delay');
  });
  afterAll(() => app.close());

  const start = (tenants: string[], more: object = {}) =>
    app.harness.request(routes.createFleetRun, {
      tenant: 'platform',
      principalId: STARTER,
      body: { application: 'flight-delay', datasetName: 'flights', tenants, tenantsPerJob: 2, ...more },
    });
  const get = async (fleetRunId: string) =>
    (await app.harness.request(routes.getFleetRun, { tenant: 'platform', params: { fleetRunId } })).body;
  const ended = (fleetRunId: string) =>
    eventually(async () => {
      const fleetRun = await get(fleetRunId);
      if (fleetRun.endedAt === null || fleetRun.counts.running > 0) throw new Error(fleetRun.status);
      return fleetRun;
    });

  it('train whom they can, say why not of the others, and tell of each once', async () => {
    const started = (await start(['good', 'no-grant', 'no-data', 'fails', 'few', 'good'])).body;
    expect(started.counts).toMatchObject({ total: 5, failed: 2 });
    const fleetRun = await ended(started.fleetRunId);
    expect(fleetRun).toMatchObject({ status: 'completed', recipe: 'delay', recipeVersion: 1 });
    expect(fleetRun.counts).toMatchObject({
      total: 5,
      succeeded: 1,
      inconclusive: 1,
      failed: 3,
      queued: 0,
      running: 0,
    });
    const outcomes = Object.fromEntries(
      fleetRun.members.map(({ tenantId, status, reason }) => [tenantId, [status, reason]]),
    );
    expect(outcomes).toEqual({
      good: ['succeeded', ''],
      fails: ['failed', 'ValueError: two kinds'],
      few: ['inconclusive', '29 rows'],
      'no-grant': ['failed', `${STARTER} has no active grant to train on 'flights' of no-grant`],
      'no-data': ['failed', "no-data has no dataset 'flights'"],
    });
    expect(new Set(fleetRun.members.flatMap(({ jobId }) => jobId ?? [])).size).toBe(2);
    const told = await app.completions('fleetRunId', started.fleetRunId);
    expect(told.map(({ tenantId }) => tenantId).sort()).toEqual(['fails', 'few', 'good', 'no-data', 'no-grant']);
    expect(told.find(({ tenantId }) => tenantId === 'good')).toMatchObject({
      application: 'flight-delay',
      modelName: 'flight-delay',
      artifactDigest: expect.stringMatching(/^sha256:/),
    });
    const changes = app.harness
      .eventsOf(fleetRunChangedV1)
      .filter(({ data }) => data.fleetRunId === started.fleetRunId);
    expect(changes.map(({ data }) => data.status)).toEqual(['queued', 'running', 'completed']);
    expect(changes.at(-1)?.data.counts).toEqual({ total: 5, succeeded: 1, inconclusive: 1, failed: 3 });
    const runs = await app.harness.request(routes.listRuns, {
      tenant: 'good',
      query: { fleetRunId: started.fleetRunId },
    });
    expect(runs.body.items).toMatchObject([{ tenantId: 'good', status: 'succeeded', metrics: { auc: 0.75 } }]);
  });

  it('fail when nobody could be trained', async () => {
    expect((await start(['no-grant', 'no-data'])).body).toMatchObject({ status: 'failed', counts: { failed: 2 } });
  });

  it('end as cancelled with what had not ended, and stay so', async () => {
    const { fleetRunId } = (await start(['good', 'few', 'fails'], { recipe: 'slow' })).body;
    await eventually(async () => {
      expect((await get(fleetRunId)).counts.running).toBe(3);
    });
    const params = { fleetRunId };
    const answer = await app.harness.request(routes.cancelFleetRun, { tenant: 'platform', params });
    expect(answer.body.status).toBe('cancelled');
    await eventually(async () => {
      expect((await get(fleetRunId)).counts.cancelled).toBe(3);
    });
    expect((await get(fleetRunId)).status).toBe('cancelled');
    const again = await app.harness.request(routes.cancelFleetRun, { tenant: 'platform', params });
    expect(again.body.status).toBe('cancelled');
    await app.harness.flush();
    const changes = app.harness.eventsOf(fleetRunChangedV1).filter(({ data }) => data.fleetRunId === fleetRunId);
    expect(changes.map(({ data }) => data.status)).toEqual(['queued', 'running', 'cancelled']);
    expect(await app.completions('fleetRunId', fleetRunId)).toHaveLength(3);
  });

  it('stream outcomes and counts until their end', async () => {
    const { fleetRunId } = (await start(['good', 'few'])).body;
    const params = { fleetRunId };
    const text = (await app.harness.request(routes.watchFleetRun, { tenant: 'platform', params })).text;
    expect(text.match(/^event: run$/gm)).toHaveLength(2);
    expect(text).toContain('"status":"completed"');
    expect(text.trimEnd().split('\n\n').at(-1)).toContain('event: end');
  });

  it('are the business of the platform only', async () => {
    const { fleetRunId } = (await start(['good'])).body;
    const params = { fleetRunId };
    expect((await app.harness.request(routes.getFleetRun, { tenant: 'good', params })).status).toBe(403);
    expect((await app.harness.request(routes.listFleetRuns, { tenant: 'good' })).status).toBe(403);
    const list = await app.harness.request(routes.listFleetRuns, { tenant: 'platform', query: { pageSize: 1 } });
    expect(list.body).toMatchObject({ items: [{ fleetRunId }], nextPageToken: expect.any(String) });
  });

  it('refuse applications and recipes that are not there', async () => {
    expect((await start(['good'], { application: 'nowhere' })).problem.code).toBe('training.application_not_found');
    expect((await start(['good'], { recipe: 'nowhere' })).problem.code).toBe('training.recipe_not_found');
    expect((await start(['good'], { recipeVersion: 9 })).problem.code).toBe('training.recipe_not_found');
  });
});
