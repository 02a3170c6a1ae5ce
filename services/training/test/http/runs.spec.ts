import { trainingRoutes as routes } from '@myriad/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TrainingApp } from '../training-app.js';

describe('experiments and runs that happen elsewhere', () => {
  let app: TrainingApp;
  beforeAll(async () => {
    app = await TrainingApp.start({ maxParallelJobs: 1 });
  });
  afterAll(() => app.close());

  async function tracked(tenant: string): Promise<{ runId: string }> {
    await app.harness.request(routes.createExperiment, { tenant, body: { name: 'depth' } });
    const body = { experiment: 'depth', modelName: 'm', parameters: { depth: 3 } };
    const { runId } = (await app.harness.request(routes.createRun, { tenant, body })).body;
    return { runId };
  }
  const log = (tenant: string, params: { runId: string }, metrics: object[]) =>
    app.harness.request(routes.logRunMetrics, { tenant, params, anyBody: { metrics } });

  it('keep every point once, and the newest value of each metric', async () => {
    const params = await tracked('aa');
    const points = [1, 2, 3].map((step) => ({ name: 'loss', value: 1 / step, step, timestampMs: 1000 + step }));
    for (let told = 0; told < 2; told += 1) expect((await log('aa', params, points)).status).toBe(204);
    await log('aa', params, [
      { name: 'auc', value: 0.75, timestampMs: 5 },
      { name: 'auc', value: 0.8, timestampMs: 5 },
    ]);
    const page = async (query: Record<string, string | number>) =>
      (await app.harness.request(routes.listRunMetrics, { tenant: 'aa', params, query })).body;
    const first = await page({ pageSize: 2 });
    const rest = await page({ pageSize: 2, pageToken: first.nextPageToken ?? '' });
    expect([...first.items, ...rest.items].map(({ name, step }) => [name, step])).toEqual([
      ['auc', 0],
      ['loss', 1],
      ['loss', 2],
      ['loss', 3],
    ]);
    expect((await page({ name: 'auc' })).items).toEqual([{ name: 'auc', value: 0.8, step: 0, timestampMs: 5 }]);
    const run = (await app.harness.request(routes.getRun, { tenant: 'aa', params })).body;
    expect(run).toMatchObject({ status: 'running', metrics: { auc: 0.8, loss: 1 / 3 }, parameters: { depth: 3 } });
  });

  it('end once, and take nothing afterwards', async () => {
    const params = await tracked('ends');
    const complete = () =>
      app.harness.request(routes.completeRun, {
        tenant: 'ends',
        params,
        body: { status: 'inconclusive', reason: 'few' },
      });
    expect((await complete()).body).toMatchObject({ status: 'inconclusive', reason: 'few' });
    expect([(await complete()).status, (await complete()).problem.code]).toEqual([409, 'training.run_ended']);
    expect((await log('ends', params, [{ name: 'auc', value: 1 }])).problem.code).toBe('training.run_ended');
  });

  it('leave the runs of jobs to their jobs', async () => {
    await app.dataset('job');
    const { jobId, runs } = (await app.submit('job', 'time.sleep(60)')).body;
    const params = { runId: runs[0]?.runId ?? '' };
    expect((await log('job', params, [{ name: 'auc', value: 1 }])).problem.code).toBe('training.run_ended');
    await app.harness.request(routes.cancelJob, { tenant: 'job', params: { jobId } });
    await app.ended('job', jobId);
  });

  it('are named once a tenant, and shown to it only', async () => {
    const params = await tracked('mine');
    const again = await app.harness.request(routes.createExperiment, { tenant: 'mine', body: { name: 'depth' } });
    expect([again.status, again.problem.code]).toEqual([409, 'training.experiment_exists']);
    const list = (tenant: string) => app.harness.request(routes.listExperiments, { tenant });
    expect((await list('mine')).body.items.map(({ name }) => name)).toEqual(['depth']);
    expect((await list('theirs')).body.items).toEqual([]);
    const runs = (tenant: string) => app.harness.request(routes.listRuns, { tenant, query: { experiment: 'depth' } });
    expect((await runs('mine')).body.items.map(({ runId }) => runId)).toEqual([params.runId]);
    expect((await runs('theirs')).body.items).toEqual([]);
    expect((await log('theirs', params, [{ name: 'auc', value: 1 }])).problem.code).toBe('training.run_not_found');
    const body = { experiment: 'depth' };
    const foreign = await app.harness.request(routes.createRun, { tenant: 'theirs', body });
    expect(foreign.problem.code).toBe('training.experiment_not_found');
  });

  it('refuse points that are no numbers', async () => {
    const params = await tracked('nan');
    for (const value of ['high', null]) {
      const { status, problem } = await log('nan', params, [{ name: 'auc', value }]);
      expect([status, problem.errors?.[0]?.pointer]).toEqual([400, '/metrics/0/value']);
    }
  });
});
