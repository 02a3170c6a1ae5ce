import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mlflowRoutes as routes, trainingRoutes } from '@myriad/contracts';
import { TrainingApp } from '../training-app.js';

const FILES = '/api/2.0/mlflow-artifacts/artifacts';

describe("MLflow's calls", () => {
  let app: TrainingApp;
  beforeAll(async () => {
    app = await TrainingApp.start({ maxParallelJobs: 1 });
  });
  afterAll(() => app.close());

  async function newRun(tenant: string, experimentId = '0'): Promise<string> {
    const body = { experiment_id: experimentId };
    const answer = await app.harness.request(routes.mlflowCreateRun, { tenant, anyBody: body });
    return answer.body.run.info.run_id;
  }
  const logBatch = (tenant: string, batch: object) =>
    app.harness.request(routes.mlflowLogBatch, { tenant, anyBody: batch });
  const runOf = async (tenant: string, runId: string) =>
    (await app.harness.request(routes.mlflowGetRun, { tenant, query: { run_id: runId } })).body.run;

  async function file(tenant: string, method: string, path: string, body?: string): Promise<Response> {
    const token = await app.harness.token(tenant, { perms: ['runs:read', 'runs:write'] });
    const headers = { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'text/plain' }) };
    return fetch(`${app.harness.url}${FILES}/${path}`, { method, headers, ...(body !== undefined && { body }) });
  }

  it('keep what is no number, what is infinite, and integers of 64 bits as numbers or as texts', async () => {
    const runId = await newRun('numbers');
    const point = { timestamp: '1700000000000', step: -3 };
    const metrics = ['NaN', 'Infinity', '-Infinity', 0.5].map((value, at) => ({ ...point, key: `m${at}`, value }));
    expect((await logBatch('numbers', { run_id: runId, metrics, unknown: true })).status).toBe(200);
    const { data } = await runOf('numbers', runId);
    expect(data.metrics.map(({ value }) => value)).toEqual(['NaN', 'Infinity', '-Infinity', 0.5]);
    expect(data.metrics[0]).toMatchObject({ timestamp: 1_700_000_000_000, step: -3 });
  });

  it('take a point again as the same, the newest step as the latest, and give histories by pages', async () => {
    const runId = await newRun('history');
    const metrics = [3, 1, 2, 2].map((step) => ({ key: 'loss', value: 1 / step, step, timestamp: 5 }));
    for (let sent = 0; sent < 2; sent += 1) await logBatch('history', { run_id: runId, metrics });
    expect((await runOf('history', runId)).data.metrics).toMatchObject([{ key: 'loss', value: 1 / 3, step: 3 }]);
    const page = async (token?: string) => {
      const query = { run_id: runId, metric_key: 'loss', max_results: 2, ...(token && { page_token: token }) };
      return (await app.harness.request(routes.mlflowGetMetricHistory, { tenant: 'history', query })).body;
    };
    const first = await page();
    const rest = await page(first.next_page_token);
    expect([...first.metrics, ...rest.metrics].map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(rest.next_page_token).toBeUndefined();
  });

  it('refuse a batch over its limits, or with two values of a param, and keep nothing of it', async () => {
    const runId = await newRun('limits');
    const many = (count: number) =>
      Array.from({ length: count }, (_none, at) => ({ key: `m${at}`, value: at, timestamp: 1 }));
    const params = [1, 2].map((value) => ({ key: 'depth', value: String(value) }));
    const refused = [
      { metrics: many(1001) },
      { metrics: many(1000), tags: [{ key: 'a', value: 'b' }] },
      { metrics: many(1), params },
      { tags: many(101).map(({ key }) => ({ key, value: '' })) },
    ];
    for (const batch of refused) {
      expect((await logBatch('limits', { run_id: runId, ...batch })).status).toBe(400);
    }
    const { data } = await runOf('limits', runId);
    expect([data.metrics, data.params, data.tags.length]).toEqual([[], [], 1]);
    expect((await logBatch('limits', { run_id: runId, metrics: many(1000) })).status).toBe(200);
  });

  it('and our own see the same experiments and runs', async () => {
    const tenant = 'one-truth';
    const made = await app.harness.request(trainingRoutes.createExperiment, { tenant, body: { name: 'depth' } });
    const { experimentId } = made.body;
    const ours = await app.harness.request(trainingRoutes.createRun, {
      tenant,
      body: { experiment: 'depth', parameters: { depth: 3 } },
    });
    const theirs = await newRun(tenant, experimentId);
    await logBatch(tenant, { run_id: theirs, metrics: [{ key: 'auc', value: 0.5, timestamp: 1 }] });
    const listed = await app.harness.request(trainingRoutes.listRuns, { tenant, query: { experiment: 'depth' } });
    expect(listed.body.items.find(({ runId }) => runId === theirs)?.metrics).toEqual({ auc: 0.5 });
    const search = { experiment_ids: [experimentId], filter: `attributes.run_id = '${ours.body.runId}'` };
    const found = await app.harness.request(routes.mlflowSearchRuns, { tenant, anyBody: search });
    expect(found.body.runs.map(({ data }) => data.params)).toEqual([[{ key: 'depth', value: '3' }]]);
  });

  it('keep artifacts by paths of a tenant, and refuse paths that lead elsewhere', async () => {
    expect((await file('files', 'PUT', '0/r/artifacts/a/b.txt', 'one')).status).toBe(200);
    expect((await file('files', 'PUT', '0/r/artifacts/a/b.txt', 'two')).status).toBe(200);
    expect((await file('files', 'PUT', '0/r/artifacts/a-b.txt', 'three')).status).toBe(200);
    const read = await file('files', 'GET', '0/r/artifacts/a/b.txt');
    expect([await read.text(), read.headers.get('content-length')]).toEqual(['two', '3']);
    const list = async (tenant: string, path: string) =>
      (await app.harness.request(routes.mlflowListArtifacts, { tenant, query: { path } })).body.files;
    expect(await list('files', '0/r/artifacts')).toEqual([
      { path: 'a', is_dir: true },
      { path: 'a-b.txt', is_dir: false, file_size: 5 },
    ]);
    expect(await list('others', '0/r/artifacts')).toEqual([]);
    expect((await file('others', 'GET', '0/r/artifacts/a/b.txt')).status).toBe(404);
    expect((await file('others', 'DELETE', '0/r/artifacts')).status).toBe(404);
    expect((await file('files', 'GET', 'a%5Cb')).status).toBe(400);
    expect((await file('files', 'DELETE', '0/r/artifacts/a')).status).toBe(200);
    expect(await list('files', '0/r')).toEqual([{ path: 'artifacts', is_dir: true }]);
  });

  it('tell what they serve, and the tenant as the workspace', async () => {
    const ask = { tenant: 'here' };
    expect((await app.harness.request(routes.mlflowServerInfo, ask)).body.workspaces_enabled).toBe(true);
    expect((await app.harness.request(routes.mlflowListWorkspaces, ask)).body.workspaces).toEqual([{ name: 'here' }]);
    const other = { ...ask, params: { workspaceName: 'there' } };
    expect((await app.harness.request(routes.mlflowGetWorkspace, other)).status).toBe(404);
  });
});
