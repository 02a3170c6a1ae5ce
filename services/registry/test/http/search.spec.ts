import { registryRoutes as routes } from '@myriad/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { onnxFile } from '../onnx-file.js';
import { RegistryApp } from '../registry-app.js';

/** Two tenants with models of the same names; those of `bb` are tagged otherwise. */
const NAMES = ['churn-at', 'churn-be', 'churn-de', 'eta-at', 'eta_be', 'fraud'];

describe('searches', () => {
  let app: RegistryApp;
  beforeAll(async () => {
    app = await RegistryApp.start();
    for (const tenant of ['aa', 'bb'])
      for (const [at, name] of NAMES.entries()) {
        app.clock.advance(60_000);
        const tags = tenant === 'aa' ? { team: at % 2 === 0 ? 'ops' : 'lab', note: `${'x'.repeat(300)}${at}` } : {};
        const body = { name, tags };
        await app.harness.request(routes.createModel, { tenant, body });
      }
    for (const tenant of ['aa', 'bb'])
      for (const modelName of ['eta-at', 'fraud', 'eta-at'])
        await app.runEnded(tenant, onnxFile('Relu'), { modelName, application: null });
  });
  afterAll(() => app.close());

  const search = (query: Record<string, string | number>, tenant = 'aa') =>
    app.harness.request(routes.listModels, { tenant, query });
  const names = async (query: Record<string, string | number>, tenant = 'aa') =>
    (await search(query, tenant)).body.items.map(({ name }) => name);
  const versions = (query: Record<string, string | number>) =>
    app.harness.request(routes.searchModelVersions, { tenant: 'aa', query });

  it.each([
    ["name = 'fraud'", ['fraud']],
    ["name LIKE 'churn-%'", ['churn-at', 'churn-be', 'churn-de']],
    ["name LIKE 'eta\\_be'", []],
    ["name ILIKE '%AT'", ['churn-at', 'eta-at']],
    ["name LIKE '%-%' AND NOT name LIKE 'churn%'", ['eta-at']],
    ["tags.team = 'ops'", ['churn-at', 'churn-de', 'eta_be']],
    ["tags.team = 'ops' AND name LIKE 'churn%'", ['churn-at', 'churn-de']],
    ["tags.team != 'ops' OR name = 'churn-at'", ['churn-at', 'churn-be', 'eta-at', 'fraud']],
    ['tags.team IS NULL', []],
    [`tags.note = '${'x'.repeat(300)}4'`, ['eta_be']],
    [`tags.note IN ('${'x'.repeat(300)}4', '${'x'.repeat(300)}5')`, ['eta_be', 'fraud']],
    ["tags.note LIKE 'xxx%3'", ['eta-at']],
    ['latestVersion >= 2', ['eta-at']],
    ['latestVersion IS NULL AND application IS NULL', ['churn-at', 'churn-be', 'churn-de', 'eta_be']],
    ["createdAt < '2000-01-01'", []],
    ['aliases.champion IS NOT NULL', []],
  ])('find by %s', async (filter, found) => {
    expect(await names({ filter })).toEqual(found);
  });

  it("see no other tenant's models, whatever the filter says", async () => {
    expect(await names({ filter: "tags.team = 'ops'" }, 'bb')).toEqual([]);
    expect(await names({ filter: "name = 'fraud' OR NOT name = 'fraud'" }, 'nobody')).toEqual([]);
  });

  it.each(['name', 'name DESC', 'createdAt', 'createdAt DESC', 'updatedAt DESC'])(
    'page by %s, each model once',
    async (orderBy) => {
      for (const filter of ['', "tags.team IN ('ops', 'lab')"]) {
        const found: string[] = [];
        let pageToken: string | undefined;
        do {
          const page = await search({ filter, orderBy, pageSize: 2, ...(pageToken && { pageToken }) });
          found.push(...page.body.items.map(({ name }) => name));
          pageToken = page.body.nextPageToken;
        } while (pageToken);
        const whole = await names({ filter, orderBy });
        expect(found).toEqual(whole);
        expect([...found].sort()).toEqual(NAMES);
      }
    },
  );

  it('take a page token of the same list only', async () => {
    const { nextPageToken } = (await search({ pageSize: 1, filter: "name LIKE 'c%'" })).body;
    const pageToken = nextPageToken ?? '';
    for (const other of [{}, { filter: "name LIKE 'e%'" }, { filter: "name LIKE 'c%'", orderBy: 'name DESC' }])
      expect((await search({ ...other, pageToken })).problem.code).toBe('persistence.cursor_invalid');
  });

  it.each([
    ["name = 'a'; DROP TABLE model; --", 'search.filter_invalid'],
    ["name = 'a' UNION SELECT 1", 'search.filter_invalid'],
    ["tenant_id = 'bb'", 'search.filter_invalid'],
    ['constructor = 1', 'search.filter_invalid'],
    ["createdAt > 'yesterday'", 'search.filter_invalid'],
    ['name = ', 'search.filter_invalid'],
  ])('refuse %j', async (filter, code) => {
    expect((await search({ filter })).problem.code).toBe(code);
  });

  it('leave SQL in values where it is', async () => {
    for (const value of ["x'' OR 1=1 --", '$1', "'';DROP TABLE model", '🦉', '\\', '%'.repeat(500)])
      expect(await names({ filter: `name = '${value}' OR tags."${value.replaceAll('"', '')}" = '${value}'` })).toEqual(
        [],
      );
    expect(await names({})).toEqual(NAMES);
  });

  it('refuse an order that is none', async () => {
    for (const orderBy of ['tags.team', 'name, createdAt', '1', 'name; DROP TABLE model'])
      expect((await search({ orderBy })).problem.code).toBe('search.order_invalid');
  });

  it('find versions of all models', async () => {
    const of = async (filter: string, orderBy = 'modelName') =>
      (await versions({ filter, orderBy })).body.items.map(({ modelName, version }) => `${modelName} ${version}`);
    expect(await of('')).toEqual(['eta-at 1', 'eta-at 2', 'fraud 1']);
    expect(await of('', 'modelName DESC')).toEqual(['fraud 1', 'eta-at 2', 'eta-at 1']);
    expect(await of("modelName LIKE 'eta%' AND version > 1")).toEqual(['eta-at 2']);
    expect(await of("status = 'pending' OR status IN ('admitted', 'rejected', 'awaiting-review')")).toHaveLength(3);
    const params = { name: 'fraud', version: 1 };
    await app.harness.request(routes.tagModelVersion, { tenant: 'aa', params, body: { set: { seed: '7' } } });
    expect(await of("tags.seed = '7'")).toEqual(['fraud 1']);
    const [{ lineage, artifactDigest } = { lineage: { runId: '' }, artifactDigest: '' }] = (await versions({})).body
      .items;
    expect(await of(`runId = '${lineage.runId ?? ''}'`)).toEqual(['eta-at 1']);
    expect(await of(`artifactDigest = '${artifactDigest}'`, 'registeredAt')).toHaveLength(3);
    const first = (await versions({ pageSize: 1, orderBy: 'registeredAt DESC' })).body;
    const second = (await versions({ pageSize: 2, orderBy: 'registeredAt DESC', pageToken: first.nextPageToken ?? '' }))
      .body;
    expect([...first.items, ...second.items]).toHaveLength(3);
    expect(second.nextPageToken).toBeUndefined();
  });

  it('count what a filter finds', async () => {
    const counted = await app.harness.request(routes.countModels, {
      tenant: 'aa',
      query: { filter: "name LIKE 'e%'" },
    });
    expect(counted.body).toMatchObject({ total: 2, byApplication: [{ value: null, count: 2 }], byAlias: [] });
    expect(counted.body.byStatus.reduce((sum, { count }) => sum + count, 0)).toBe(1);
  });
});
