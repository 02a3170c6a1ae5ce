import { recipeChangedV1, trainingRoutes as routes } from '@myriad/contracts';
import { digestOf } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { STARTER, TrainingApp } from '../training-app.js';

const WELL = `end(tasks[0], auc=0.75); done()`;

describe('recipes and jobs', () => {
  let app: TrainingApp;
  beforeAll(async () => {
    app = await TrainingApp.start();
    for (const tenant of ['aa', 'bb']) await app.dataset(tenant);
  });
  afterAll(() => app.close());

  it('number the versions of a recipe; an equal one is no new version', async () => {
    const first = (await app.recipe('gbm', WELL)).body;
    expect(first).toMatchObject({ version: 1, sourceDigest: digestOf(WELL) });
    expect((await app.recipe('gbm', WELL)).body).toEqual(first);
    const next = await Promise.all(['# 2\n', '# 3\n'].map((line) => app.recipe('gbm', line + WELL)));
    expect(next.map(({ body }) => body.version).sort()).toEqual([2, 3]);
    expect((await app.recipe('gbm', `# 3\n${WELL}`, { type: 'object', required: ['seed'] })).body.version).toBe(4);
    await app.harness.flush();
    const told = app.harness.eventsOf(recipeChangedV1).filter(({ data }) => data.name === 'gbm');
    expect(told.map(({ data }) => data.version)).toEqual([1, 2, 3, 4]);
    const read = await app.harness.request(routes.getRecipe, { tenant: 'aa', params: { name: 'gbm' } });
    expect(read.body).toMatchObject({ version: 4, recipeId: first.recipeId });
    const list = await app.harness.request(routes.listRecipes, { tenant: 'aa' });
    expect(list.body.items.filter(({ name }) => name === 'gbm')).toHaveLength(1);
  });

  it('refuse a schema that is none, and recipes of a tenant', async () => {
    expect((await app.recipe('bad', WELL, { type: 'nonsense' })).problem).toMatchObject({
      code: 'training.parameter_schema_invalid',
      errors: [{ pointer: '/parameterSchema' }],
    });
    const body = { name: 'mine', source: WELL };
    expect((await app.harness.request(routes.createRecipe, { tenant: 'aa', body })).status).toBe(403);
  });

  it('refuse parameters that the recipe does not take, each with its pointer', async () => {
    const properties = { depth: { type: 'integer', minimum: 1 }, rate: { type: 'number' } };
    await app.recipe('strict', WELL, { type: 'object', properties, required: ['rate'], additionalProperties: false });
    const job = { modelName: 'm', recipe: 'strict', datasets: [{ name: 'flights' }] };
    const create = (parameters: Record<string, unknown>) =>
      app.harness.request(routes.createJob, { tenant: 'aa', body: { ...job, parameters } });
    const { code, errors } = (await create({ depth: 0, colour: 'red' })).problem;
    expect(code).toBe('training.parameters_invalid');
    expect(errors?.map(({ pointer }) => pointer).sort()).toEqual([
      '/parameters/colour',
      '/parameters/depth',
      '/parameters/rate',
    ]);
    const { jobId } = (await create({ depth: 1, rate: 0.1 })).body;
    expect((await app.ended('aa', jobId)).status).toBe('succeeded');
  });

  it('train a model by a source of the tenant, and tell of its end once', async () => {
    const digest = await app.dataset('aa', 'a\n2\n', 2);
    const source = `
t = tasks[0]
say(t='log', level='info', message='read ' + open(t['datasets'][0]['path']).read().strip(), taskId=t['taskId'])
say(t='metric', taskId=t['taskId'], name='loss', value=0.5, step=1)
say(t='metric', taskId=t['taskId'], name='loss', value=0.25, step=2)
end(t, auc=0.75); done()`;
    const { jobId, runs } = (await app.submit('aa', source, { parameters: { seed: 7 } })).body;
    expect(await app.ended('aa', jobId)).toMatchObject({ status: 'succeeded', attempt: 1, reason: '' });
    const [told, ...more] = await app.completions('jobId', jobId);
    expect(more).toEqual([]);
    expect(told).toMatchObject({
      tenantId: 'aa',
      outcome: 'succeeded',
      datasetDigests: [digest],
      metrics: { auc: 0.75 },
    });
    expect(told).toMatchObject({ recipeDigest: digestOf(source), parameters: { seed: 7 }, sizeBytes: 11 });
    const params = { runId: runs[0]?.runId ?? '' };
    const run = (await app.harness.request(routes.getRun, { tenant: 'aa', params })).body;
    expect(run).toMatchObject({
      status: 'succeeded',
      metrics: { auc: 0.75, loss: 0.25 },
      artifactDigest: told?.artifactDigest,
    });
    const points = await app.harness.request(routes.listRunMetrics, { tenant: 'aa', params });
    expect(points.body.items.map(({ step, value }) => [step, value])).toEqual([
      [1, 0.5],
      [2, 0.25],
    ]);
    expect(await app.statuses(jobId)).toEqual(['queued', 'running', 'succeeded']);
    const logs = await app.harness.request(routes.getJobLogs, { tenant: 'aa', params: { jobId } });
    expect(logs.body.items.map(({ message }) => message)).toEqual(['read a\n2']);
  });

  it('try a process that broke off again, then fail with its last words', async () => {
    const source = `
say(t='log', level='info', message='attempt %d' % spec['attempt'])
sys.stderr.write('no such column\\n'); sys.exit(1)`;
    const { jobId } = (await app.submit('aa', source)).body;
    const job = await app.ended('aa', jobId);
    expect(job).toMatchObject({ status: 'failed', attempt: 2, reason: expect.stringContaining('no such column') });
    expect(job.runs).toMatchObject([{ status: 'failed' }]);
    expect(await app.statuses(jobId)).toEqual(['queued', 'running', 'queued', 'running', 'failed']);
    expect(await app.completions('jobId', jobId)).toMatchObject([{ outcome: 'failed', artifactDigest: null }]);
  });

  it('keep what the first attempt brought when the second goes on', async () => {
    const source = `
if spec['attempt'] == 1: sys.exit(1)
end(tasks[0]); done()`;
    const { jobId } = (await app.submit('aa', source)).body;
    expect(await app.ended('aa', jobId)).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(await app.completions('jobId', jobId)).toMatchObject([{ outcome: 'succeeded' }]);
  });

  it('fail when the process says it is done but gave no result', async () => {
    const { jobId } = (await app.submit('aa', 'done()', { limits: { maxAttempts: 1 } })).body;
    const job = await app.ended('aa', jobId);
    expect(job).toMatchObject({ status: 'failed', reason: 'the process gave no result for 1 of its tasks' });
  });

  it('end a job that takes longer than it may', async () => {
    const limits = { timeoutSeconds: 1, maxAttempts: 1 };
    const { jobId } = (await app.submit('aa', 'time.sleep(60)', { limits })).body;
    const { status, reason } = await app.ended('aa', jobId);
    expect([status, reason]).toEqual(['failed', 'it took longer than its limit of 1 s']);
  });

  it('stop when they are cancelled: what runs is ended, and told as such', async () => {
    const { jobId } = (await app.submit('aa', 'time.sleep(60)')).body;
    await eventually(async () => {
      expect((await app.job('aa', jobId)).status).toBe('running');
    });
    const foreign = await app.harness.request(routes.cancelJob, { tenant: 'bb', params: { jobId } });
    expect(foreign.problem.code).toBe('training.job_not_found');
    await app.harness.request(routes.cancelJob, { tenant: 'aa', params: { jobId } });
    expect(await app.ended('aa', jobId)).toMatchObject({ status: 'cancelled', runs: [{ status: 'cancelled' }] });
    expect(await app.completions('jobId', jobId)).toMatchObject([{ outcome: 'failed', reason: 'cancelled' }]);
  });

  it('are shown to their own tenant only', async () => {
    const { jobId, runs } = (await app.submit('aa', WELL)).body;
    await app.ended('aa', jobId);
    const params = { jobId, runId: runs[0]?.runId ?? '' };
    for (const route of [routes.getJob, routes.getJobLogs, routes.watchJob, routes.getRun, routes.listRunMetrics])
      expect((await app.harness.request(route, { tenant: 'bb', params })).status).toBe(404);
    expect((await app.harness.request(routes.listJobs, { tenant: 'bb' })).body.items).toEqual([]);
    expect((await app.harness.request(routes.listRuns, { tenant: 'bb' })).body.items).toEqual([]);
  });

  it('need a grant of who is at home elsewhere', async () => {
    const body = { source: WELL, modelName: 'm', datasets: [{ name: 'flights' }] };
    const asGuest = () =>
      app.harness.request(routes.createJob, { tenant: 'bb', homeTenant: 'platform', principalId: STARTER, body });
    expect((await asGuest()).problem.code).toBe('training.grant_missing');
    await app.grant('bb', { purpose: 'batch' });
    await app.grant('bb', { expiresAt: '2001-01-01T00:00:00.000Z' });
    await app.grant('bb', { principalId: 'usr_else' });
    expect((await asGuest()).problem.code).toBe('training.grant_missing');
    await app.grant('bb', { grantId: 'grt_bb' });
    expect((await asGuest()).status).toBe(202);
    await app.grant('bb', { grantId: 'grt_bb', status: 'revoked' });
    expect((await asGuest()).problem.code).toBe('training.grant_missing');
  });

  it('refuse what is not there, with pointers', async () => {
    expect((await app.submit('aa', WELL, { datasets: [{ name: 'flights', version: 9 }] })).problem).toMatchObject({
      code: 'training.dataset_not_found',
      errors: [{ pointer: '/datasets/0' }],
    });
    expect((await app.submit('aa', WELL, { recipe: 'gbm' })).problem.code).toBe('training.source_missing');
    expect((await app.submit('aa', WELL, { application: 'nowhere' })).problem.code).toBe(
      'training.application_not_found',
    );
    expect((await app.submit('aa', WELL, { experiment: 'nowhere' })).problem.code).toBe(
      'training.experiment_not_found',
    );
    expect((await app.submit('nobody', WELL)).problem.code).toBe('training.dataset_not_found');
    expect((await app.submit('aa', WELL, { limits: { timeoutSeconds: 0 } })).status).toBe(400);
  });
});
