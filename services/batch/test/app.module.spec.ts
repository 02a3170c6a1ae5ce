import { batchRoutes, grantChangedV1 } from '@myriad/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BatchApp, csvOf, someFlights } from './batch-app.js';

const routes = batchRoutes;

describe('the batch service', () => {
  let app: BatchApp;
  beforeAll(async () => {
    app = await BatchApp.start();
  });
  afterAll(() => app.close());

  it('compiles, listens, and lets nobody in without a token', async () => {
    expect((await fetch(`${app.harness.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${app.harness.url}/v1/batch-jobs`)).status).toBe(401);
  });

  it('refuses a model that is not live, or no longer', async () => {
    await app.commit('gone', csvOf(someFlights(1)), { rowCount: 1 });
    const body = { modelName: 'flight-delay', dataset: { name: 'flights' } };
    const before = await app.harness.request(routes.createBatchJob, { tenant: 'gone', body });
    expect(before.problem.code).toBe('batch.model_not_placed');
    await app.place('gone', { generation: 1 });
    await app.place('gone', { generation: 3, status: 'removed' });
    // an older state that comes late does not bring it back
    await app.place('gone', { generation: 2 });
    const after = await app.harness.request(routes.createBatchJob, { tenant: 'gone', body });
    expect(after.problem.code).toBe('batch.model_not_placed');
    await app.place('gone', { generation: 4, environment: 'engineering' });
    const elsewhere = await app.harness.request(routes.createBatchJob, { tenant: 'gone', body });
    expect(elsewhere.problem.code).toBe('batch.model_not_placed');
  });

  it('takes a guest only with an active grant for the dataset and the purpose', async () => {
    const tenant = 'host';
    await app.place(tenant);
    await app.commit(tenant, csvOf(someFlights(1)), { rowCount: 1 });
    const guest = { homeTenant: 'guest', principalId: 'usr_guest', tenant };
    const body = { modelName: 'flight-delay', dataset: { name: 'flights' } };
    const ask = () => app.harness.request(routes.createBatchJob, { ...guest, body });
    const told = (more: Partial<typeof grantChangedV1.example>) =>
      app.harness.publish(grantChangedV1, tenant, {
        ...grantChangedV1.example,
        ...{ tenantId: tenant, principalId: 'usr_guest', purpose: 'batch', expiresAt: '2099-01-01T00:00:00.000Z' },
        ...more,
      });
    expect((await ask()).problem).toMatchObject({ status: 403, code: 'batch.grant_missing' });
    await told({ grantId: 'grt_1', purpose: 'training' });
    await told({ grantId: 'grt_2', principalId: 'usr_other' });
    await told({ grantId: 'grt_3', expiresAt: '2001-01-01T00:00:00.000Z' });
    await told({ grantId: 'grt_4', datasetName: 'other' });
    expect((await ask()).problem.code).toBe('batch.grant_missing');
    await told({ grantId: 'grt_5' });
    expect((await ask()).status).toBe(202);
    await told({ grantId: 'grt_5', status: 'revoked' });
    expect((await ask()).problem.code).toBe('batch.grant_missing');
  });

  it('works where the caller acts, and refuses any other environment', async () => {
    await app.place('where', { environment: 'engineering' });
    await app.commit('where', csvOf(someFlights(1)), { rowCount: 1 });
    const body = { modelName: 'flight-delay', dataset: { name: 'flights' } };
    const ask = (environment: 'engineering' | 'production' | undefined) =>
      app.harness.request(routes.createBatchJob, {
        tenant: 'where',
        environment: 'engineering',
        body: { ...body, ...(environment !== undefined && { environment }) },
      });
    expect((await ask(undefined)).body.environment).toBe('engineering');
    expect((await ask('engineering')).body.environment).toBe('engineering');
    expect((await ask('production')).problem).toMatchObject({
      status: 403,
      code: 'batch.environment_mismatch',
      errors: [{ pointer: '/environment' }],
    });
  });

  it('refuses a dataset or version that is not there', async () => {
    await app.place('empty');
    const ask = async (dataset: { name: string; version?: number }): Promise<string> =>
      (
        await app.harness.request(routes.createBatchJob, {
          tenant: 'empty',
          body: { modelName: 'flight-delay', dataset },
        })
      ).problem.code;
    expect(await ask({ name: 'flights' })).toBe('batch.dataset_not_found');
    await app.commit('empty', csvOf(someFlights(1)), { rowCount: 1 });
    expect(await ask({ name: 'flights', version: 2 })).toBe('batch.dataset_not_found');
  });

  it('refuses a dataset that lacks columns of the model, and names each', async () => {
    await app.place('narrow');
    await app.commit('narrow', Buffer.from('month,origin\n1,EWR\n'), {
      rowCount: 1,
      columns: [
        { name: 'month', type: 'integer', nullCount: 0 },
        { name: 'origin', type: 'string', nullCount: 0 },
      ],
    });
    const answer = await app.harness.request(routes.createBatchJob, {
      tenant: 'narrow',
      body: { modelName: 'flight-delay', dataset: { name: 'flights' } },
    });
    expect(answer.problem).toMatchObject({ code: 'batch.columns_missing', status: 422 });
    const details = answer.problem.errors?.map(({ detail }) => detail).join('; ') ?? '';
    expect(answer.problem.errors).toHaveLength(2);
    expect(details).toContain("'hour'");
    expect(details).toContain("'distance'");
  });

  it("shows a tenant its own jobs only, and never another's", async () => {
    for (const tenant of ['aa', 'bb']) {
      await app.place(tenant);
      await app.commit(tenant, csvOf(someFlights(5)), { rowCount: 5 });
    }
    const { batchJobId } = await app.run('aa');
    const params = { batchJobId };
    expect((await app.harness.request(routes.getBatchJob, { tenant: 'bb', params })).problem.code).toBe(
      'batch.job_not_found',
    );
    expect((await app.harness.request(routes.cancelBatchJob, { tenant: 'bb', params })).problem.code).toBe(
      'batch.job_not_found',
    );
    expect((await app.harness.request(routes.listBatchJobs, { tenant: 'bb' })).body.items).toEqual([]);
    expect((await app.harness.request(routes.listBatchJobs, { tenant: 'aa' })).body.items).toHaveLength(1);
  });

  it('lists the newest first, page by page', async () => {
    await app.place('pages');
    await app.commit('pages', csvOf(someFlights(2)), { rowCount: 2 });
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) ids.push((await app.run('pages')).batchJobId);
    const first = (await app.harness.request(routes.listBatchJobs, { tenant: 'pages', query: { pageSize: 2 } })).body;
    const second = (
      await app.harness.request(routes.listBatchJobs, {
        tenant: 'pages',
        query: { pageSize: 2, pageToken: first.nextPageToken! },
      })
    ).body;
    expect([...first.items, ...second.items].map(({ batchJobId }) => batchJobId)).toEqual(ids.reverse());
    expect(second.nextPageToken).toBeUndefined();
  });

  it('needs the permission to write', async () => {
    const answer = await app.harness.request(routes.createBatchJob, {
      tenant: 'aa',
      permissions: ['batch-jobs:read'],
      body: { modelName: 'flight-delay', dataset: { name: 'flights' } },
    });
    expect(answer.status).toBe(403);
  });
});
