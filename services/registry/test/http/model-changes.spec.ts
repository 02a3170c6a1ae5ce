import { readFileSync } from 'node:fs';
import { aliasMovedV1, promotionCompletedV1, registryRoutes as routes, versionAdmittedV1 } from '@myriad/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RegistryApp } from '../registry-app.js';

const logistic = readFileSync(`${import.meta.dirname}/../../../../libs/inference/test/fixtures/logistic.onnx`);
const name = 'flight-delay';

describe('models', () => {
  let app: RegistryApp;
  beforeAll(async () => {
    app = await RegistryApp.start();
  });
  afterAll(() => app.close());

  const create = (tenant: string, model: string, more: object = {}) =>
    app.harness.request(routes.createModel, { tenant, body: { name: model, ...more } });
  const get = (tenant: string, model: string) =>
    app.harness.request(routes.getModel, { tenant, params: { name: model } });
  const tag = (tenant: string, model: string, body: object) =>
    app.harness.request(routes.tagModel, { tenant, params: { name: model }, body });
  const remove = (tenant: string, model: string) =>
    app.harness.request(routes.deleteModel, { tenant, params: { name: model } });
  const restore = (tenant: string, model: string) =>
    app.harness.request(routes.restoreModel, { tenant, params: { name: model } });
  const list = async (tenant: string, query = {}) =>
    (await app.harness.request(routes.listModels, { tenant, query })).body.items.map((model) => model.name);
  const move = (tenant: string, version: number, alias = 'champion') => {
    app.clock.advance(1_000);
    return app.harness.request(routes.moveAlias, {
      tenant,
      params: { name, alias },
      body: { version, reason: 'better' },
    });
  };
  const alias = (tenant: string, query = {}) =>
    app.harness.request(routes.getAlias, { tenant, params: { name, alias: 'champion' }, query });
  const removeAlias = (tenant: string) => {
    app.clock.advance(1_000);
    const params = { name, alias: 'champion' };
    return app.harness.request(routes.removeAlias, { tenant, params, query: { reason: 'retired' } });
  };

  async function admitted(tenant: string, versions: number): Promise<void> {
    for (let version = 1; version <= versions; version += 1) {
      await app.runEnded(tenant, logistic);
      await app.harness.event(versionAdmittedV1, { tenantId: tenant, version });
    }
  }

  it('are made without versions, described and tagged, each tenant its own', async () => {
    const made = await create('aa', 'churn', { description: 'leaves?', tags: { team: 'ops' } });
    expect(made.body).toMatchObject({ name: 'churn', latestVersion: null, description: 'leaves?', deletedAt: null });
    expect((await create('aa', 'churn')).problem.code).toBe('registry.model_exists');
    await create('bb', 'churn');
    app.clock.advance(5);
    const value = '🦉'.repeat(2_500);
    const tagged = await tag('aa', 'churn', { set: { 'a/b': value, team: 'lab' } });
    expect(tagged.body.tags).toEqual({ team: 'lab', 'a/b': value });
    expect(Date.parse(tagged.body.updatedAt)).toBeGreaterThan(Date.parse(made.body.createdAt));
    expect((await tag('aa', 'churn', { remove: ['team'] })).body.tags).toEqual({ 'a/b': value });
    expect((await get('bb', 'churn')).body).toMatchObject({ tags: {}, description: null });
    const params = { name: 'churn' };
    const described = await app.harness.request(routes.updateModel, {
      tenant: 'aa',
      params,
      body: { description: null },
    });
    expect(described.body.description).toBeNull();
  });

  it('refuse too many tags, all or nothing, and unknown or foreign models', async () => {
    await create('cc', 'churn', { tags: { team: 'ops' } });
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, 'v']));
    expect((await tag('cc', 'churn', { set: many })).problem.code).toBe('registry.too_many_tags');
    expect((await get('cc', 'churn')).body.tags).toEqual({ team: 'ops' });
    expect((await tag('dd', 'churn', { set: { a: 'b' } })).problem.code).toBe('registry.model_not_found');
    expect((await remove('dd', 'churn')).problem.code).toBe('registry.model_not_found');
  });

  it.each(['a/b', 'a:b', '🦉', 'x'.repeat(10_000), ''])('refuse the name %j', async (odd) => {
    expect((await create('odd', odd)).status).toBe(400);
  });

  it.each([
    ['a NUL in a value', { set: { a: 'b\0' } }],
    ['a value that is too long', { set: { a: 'x'.repeat(5_001) } }],
    ['a key of 10 kB', { set: { ['k'.repeat(10_000)]: 'v' } }],
    ['an unknown member', { tags: {} }],
  ])('refuse %s', async (_what, body) => {
    await create('odd', 'churn');
    expect((await tag('odd', 'churn', body)).problem.code).toBe('http.validation_failed');
  });

  it('are deleted, found nowhere else, and restored with all they had', async () => {
    await admitted('del', 2);
    await tag('del', name, { set: { team: 'ops' } });
    await create('del', 'other');
    expect((await remove('del', name)).status).toBe(204);
    expect((await get('del', name)).problem.code).toBe('registry.model_not_found');
    expect((await move('del', 1)).problem.code).toBe('registry.model_version_not_found');
    expect(await list('del')).toEqual(['other']);
    expect(await list('del', { deleted: 'true' })).toEqual([name]);
    const versions = await app.harness.request(routes.searchModelVersions, { tenant: 'del' });
    expect(versions.body.items).toEqual([]);
    expect((await restore('del', name)).body).toMatchObject({ latestVersion: 2, tags: { team: 'ops' } });
    expect((await app.version('del', name, 2)).version).toBe(2);
    expect((await restore('del', 'nobody')).problem.code).toBe('registry.model_not_found');
  });

  it('give no number twice when a deleted name is taken anew', async () => {
    await admitted('anew', 2);
    await tag('anew', name, { set: { team: 'ops' } });
    const { modelId } = (await get('anew', name)).body;
    await remove('anew', name);
    const anew = (await create('anew', name)).body;
    expect(anew).toMatchObject({ latestVersion: null, tags: {} });
    expect(anew.modelId).not.toBe(modelId);
    await app.runEnded('anew', logistic);
    await app.harness.event(versionAdmittedV1, { tenantId: 'anew', version: 3 });
    expect((await get('anew', name)).body.latestVersion).toBe(3);
    const versions = await app.harness.request(routes.listModelVersions, { tenant: 'anew', params: { name } });
    expect(versions.body.items.map(({ version }) => version)).toEqual([3]);
    await remove('anew', name);
    await restore('anew', name);
    const params = { name, version: 1 };
    const first = await app.harness.request(routes.getModelVersion, { tenant: 'anew', params });
    expect(first.problem.code).toBe('registry.model_version_not_found');
  });

  it('are not deleted while an alias points into them, and say where it pointed at a time', async () => {
    await admitted('past', 2);
    const before = new Date(app.clock.nowMs()).toISOString();
    await move('past', 1);
    const first = new Date(app.clock.nowMs()).toISOString();
    await move('past', 2);
    expect((await remove('past', name)).problem.code).toBe('registry.model_in_use');
    expect((await alias('past')).body).toMatchObject({ version: 2, reason: 'better' });
    expect((await alias('past', { asOf: first })).body.version).toBe(1);
    expect((await alias('past', { asOf: before })).problem.code).toBe('registry.alias_not_found');
    expect((await removeAlias('past')).status).toBe(204);
    expect((await removeAlias('past')).problem.code).toBe('registry.alias_not_found');
    expect((await alias('past')).problem.code).toBe('registry.alias_not_found');
    expect((await alias('past', { asOf: first })).body.version).toBe(1);
    const now = new Date(app.clock.nowMs()).toISOString();
    expect((await alias('past', { asOf: now })).problem.code).toBe('registry.alias_not_found');
    const params = { name, alias: 'champion' };
    const history = await app.harness.request(routes.listAliasHistory, { tenant: 'past', params });
    expect(history.body.items.map(({ version }) => version)).toEqual([null, 2, 1]);
    expect((await remove('past', name)).status).toBe(204);
    await app.harness.flush();
    const told = app.harness.eventsOf(aliasMovedV1).filter(({ data }) => data.tenantId === 'past');
    expect(told.at(-1)?.data).toMatchObject({ version: null, versionId: null, previousVersion: 2, reason: 'retired' });
  });

  it('come back when a promotion that was under way makes them live', async () => {
    await admitted('live', 1);
    const { versionId } = await app.version('live', name, 1);
    await remove('live', name);
    await app.harness.publish(promotionCompletedV1, 'live', {
      ...promotionCompletedV1.example,
      tenantId: 'live',
      versionId,
    });
    expect((await get('live', name)).body.aliases).toEqual({ champion: 1 });
  });

  it('have versions that are described and tagged', async () => {
    await admitted('vv', 1);
    const params = { name, version: 1 };
    const described = await app.harness.request(routes.updateModelVersion, {
      tenant: 'vv',
      params,
      body: { description: 'first' },
    });
    expect(described.body).toMatchObject({ description: 'first', tags: {} });
    const tagged = await app.harness.request(routes.tagModelVersion, {
      tenant: 'vv',
      params,
      body: { set: { seed: '7' } },
    });
    expect(tagged.body).toMatchObject({ description: 'first', tags: { seed: '7' } });
    const none = { name, version: 9 };
    const foreign = await app.harness.request(routes.tagModelVersion, {
      tenant: 'vv',
      params: none,
      body: { set: { a: 'b' } },
    });
    expect(foreign.problem.code).toBe('registry.model_version_not_found');
  });
});
