import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { evaluatorRoutes as routes, suiteChangedV1 } from '@myriad/contracts';
import { EvaluatorApp, suiteSpec } from './evaluator-app.js';

describe('AppModule', () => {
  let app: EvaluatorApp;
  beforeAll(async () => {
    app = await EvaluatorApp.start();
  });
  afterAll(() => app.close());

  it('compiles, listens, and needs a token', async () => {
    expect((await fetch(`${app.harness.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${app.harness.url}/v1/suites`)).status).toBe(401);
  });
});

describe('suites', () => {
  let app: EvaluatorApp;
  beforeAll(async () => {
    app = await EvaluatorApp.start();
  });
  afterAll(() => app.close());

  it('gives an equal suite the version that is there, and a changed one the next', async () => {
    const first = await app.addSuite();
    expect(first.version).toBe(1);
    expect(await app.addSuite()).toEqual(first);
    const second = await app.addSuite({ minRows: 600 });
    expect(second).toMatchObject({ version: 2, suiteId: first.suiteId, minRows: 600 });
    expect(second.digest).not.toBe(first.digest);
    await app.harness.flush();
    expect(app.harness.eventsOf(suiteChangedV1).map(({ data }) => data.version)).toEqual([1, 2]);
  });

  it('makes one version of an equal suite that two ask for at once', async () => {
    const both = await Promise.all([app.addSuite({ name: 'twice' }), app.addSuite({ name: 'twice' })]);
    expect(both.map(({ version }) => version)).toEqual([1, 1]);
  });

  it('shows suites to every tenant, page by page, and lets the platform alone make them', async () => {
    await app.addSuite();
    await app.addSuite({ name: 'zz-other' });
    const names: string[] = [];
    for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
      const query = { pageSize: 1, ...(pageToken === '' ? {} : { pageToken }) };
      const page: { items: { name: string }[]; nextPageToken?: string | undefined } = (
        await app.harness.request(routes.listSuites, { tenant: 'tenant-b', query })
      ).body;
      names.push(...page.items.map(({ name }) => name));
      pageToken = page.nextPageToken;
    }
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toEqual(expect.arrayContaining(['flight-delay', 'zz-other']));
    const refused = await app.harness.request(routes.createSuite, { tenant: 'tenant-b', anyBody: suiteSpec() });
    expect(refused.status).toBe(403);
  });

  it('refuses what could never judge, with a pointer to each fault', async () => {
    const anyBody = suiteSpec({
      features: [
        { name: 'hour', kind: 'numeric' },
        { name: 'hour', kind: 'numeric' },
        { name: 'delayed', kind: 'numeric' },
      ],
      thresholds: [
        { metric: 'auc', appliesTo: 'all' },
        { metric: 'auc', appliesTo: 'golden', maxDrop: 0.1 },
      ],
    });
    const { problem } = await app.harness.request(routes.createSuite, { tenant: 'platform', anyBody });
    expect(problem.code).toBe('evaluator.suite_invalid');
    expect(problem.errors?.map(({ pointer }) => pointer)).toEqual([
      '/features/1/name',
      '/features/2/name',
      '/thresholds/0',
      '/thresholds/1',
    ]);
    const unknown = await app.harness.request(routes.getSuite, { tenant: 'tenant-b', params: { name: 'nothing' } });
    expect(unknown.problem).toMatchObject({ status: 404, code: 'evaluator.suite_not_found' });
  });
});
