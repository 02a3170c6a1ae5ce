import { readFileSync } from 'node:fs';
import { aliasMovedV1, registryRoutes as routes, versionAdmittedV1 } from '@myriad/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RegistryApp } from '../registry-app.js';

const logistic = readFileSync(`${import.meta.dirname}/../../../../libs/inference/test/fixtures/logistic.onnx`);

describe('bulk calls', () => {
  let app: RegistryApp;
  beforeAll(async () => {
    app = await RegistryApp.start();
    for (const tenant of ['aa', 'bb'])
      for (const modelName of ['churn', 'eta']) {
        await app.runEnded(tenant, logistic, { modelName });
        await app.harness.event(versionAdmittedV1, { tenantId: tenant, modelName });
      }
  });
  afterAll(() => app.close());

  const get = (tenant: string, names: readonly string[]) =>
    app.harness.request(routes.getModels, { tenant, body: { names: [...names] } });
  const tag = (tenant: string, items: readonly object[], atomic = true) =>
    app.harness.request(routes.tagModels, { tenant, anyBody: { items, atomic } });
  const move = (tenant: string, items: readonly object[], atomic = true) =>
    app.harness.request(routes.moveAliases, { tenant, anyBody: { items, atomic, reason: 'all at once' } });
  const moves = async (tenant: string) => {
    await app.harness.flush();
    return app.harness.eventsOf(aliasMovedV1).filter(({ data }) => data.tenantId === tenant);
  };

  it('get models in the order asked for, of the own tenant', async () => {
    const { items } = (await get('aa', ['eta', 'nobody', 'churn'])).body;
    expect(items.map(({ name, model }) => [name, model?.latestVersion ?? null])).toEqual([
      ['eta', 1],
      ['nobody', null],
      ['churn', 1],
    ]);
    expect((await get('cc', ['eta'])).body.items).toEqual([{ name: 'eta', model: null }]);
  });

  it('tag all or nothing, or each by itself', async () => {
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, 'v']));
    const items = [
      { name: 'churn', set: { team: 'ops' } },
      { name: 'nobody', set: { team: 'ops' } },
      { name: 'eta', set: many },
    ];
    const refused = await tag('aa', items);
    expect(refused.problem.code).toBe('registry.bulk_refused');
    expect(refused.problem.errors?.map(({ pointer }) => pointer)).toEqual(['/items/1', '/items/2']);
    expect((await get('aa', ['churn'])).body.items[0]?.model?.tags).toEqual({});
    const done = (await tag('aa', items, false)).body;
    expect([done.changed, done.failed, done.items.map(({ problem }) => problem?.code ?? null)]).toEqual([
      1,
      2,
      [null, 'registry.model_not_found', 'registry.too_many_tags'],
    ]);
    await tag('aa', [
      { name: 'churn', set: { seed: '7' }, remove: ['team'] },
      { name: 'eta', remove: ['none'] },
    ]);
    expect((await get('aa', ['churn'])).body.items[0]?.model?.tags).toEqual({ seed: '7' });
    expect((await get('bb', ['churn'])).body.items[0]?.model?.tags).toEqual({});
  });

  it('move and remove aliases, with history and one event a move', async () => {
    const items = [
      { name: 'churn', alias: 'champion', version: 1 },
      { name: 'eta', alias: 'champion', version: 2 },
      { name: 'eta', alias: 'old', version: null },
    ];
    expect((await move('aa', items)).problem.code).toBe('registry.bulk_refused');
    expect(await moves('aa')).toEqual([]);
    const done = (await move('aa', items, false)).body;
    expect([done.changed, done.failed]).toEqual([1, 1]);
    expect(done.items[1]?.problem?.code).toBe('registry.model_version_not_found');
    app.clock.advance(1_000);
    expect((await move('aa', [{ name: 'churn', alias: 'champion', version: null }])).body.changed).toBe(1);
    expect((await moves('aa')).map(({ data }) => [data.modelName, data.previousVersion, data.version])).toEqual([
      ['churn', null, 1],
      ['churn', 1, null],
    ]);
    const params = { name: 'churn', alias: 'champion' };
    const history = await app.harness.request(routes.listAliasHistory, { tenant: 'aa', params });
    expect(history.body.items.map(({ version, reason }) => [version, reason])).toEqual([
      [null, 'all at once'],
      [1, 'all at once'],
    ]);
    expect((await get('bb', ['churn'])).body.items[0]?.model?.aliases).toEqual({});
  });

  it('refuse what is there twice, and more than 10,000', async () => {
    const item = { name: 'churn', alias: 'champion', version: 1 };
    expect((await move('aa', [item, { ...item, version: 2 }])).problem.code).toBe('registry.bulk_repeated');
    const names = Array.from({ length: 10_001 }, (_, i) => `m${i}`);
    expect((await get('aa', names)).problem.code).toBe('http.validation_failed');
    expect((await get('aa', names.slice(1))).body.items).toHaveLength(10_000);
  });
});
