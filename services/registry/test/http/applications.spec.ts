import { applicationChangedV1, registryRoutes as routes } from '@myriad/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RegistryApp } from '../registry-app.js';

const tenant = 'platform';

describe('applications', () => {
  let app: RegistryApp;
  beforeAll(async () => {
    app = await RegistryApp.start();
  });
  afterAll(() => app.close());

  const create = (name: string, as = tenant) =>
    app.harness.request(routes.createApplication, {
      tenant: as,
      body: {
        name,
        task: 'binary-classification',
        features: [{ name: 'month', kind: 'numeric' }],
        label: 'delayed',
        recipe: 'gbm',
      },
    });
  const update = (name: string, body: object) =>
    app.harness.request(routes.updateApplication, { tenant, params: { name }, body });

  it('are made by the platform, announced, and read by every tenant', async () => {
    const made = (await create('flight-delay')).body;
    expect(made).toMatchObject({ generation: 1, suite: null, features: [{ name: 'month', required: true }] });
    expect((await app.harness.event(applicationChangedV1, { name: 'flight-delay' })).data).toMatchObject({
      applicationId: made.applicationId,
      recipe: 'gbm',
      label: 'delayed',
      generation: 1,
    });
    const params = { name: 'flight-delay' };
    expect((await app.harness.request(routes.getApplication, { tenant: 'aa', params })).body).toEqual(made);
    const list = await app.harness.request(routes.listApplications, { tenant: 'bb' });
    expect(list.body.items).toEqual([made]);
  });

  it('are no business of a tenant to make or change', async () => {
    expect((await create('mine', 'aa')).status).toBe(403);
    const params = { name: 'flight-delay' };
    const body = { suite: 'mine' };
    expect((await app.harness.request(routes.updateApplication, { tenant: 'aa', params, body })).status).toBe(403);
  });

  it('change recipe and suite, each change being a generation of its own', async () => {
    await create('changes');
    expect((await create('changes')).problem.code).toBe('registry.application_exists');
    expect((await update('changes', { suite: 'golden' })).body).toMatchObject({ recipe: 'gbm', suite: 'golden' });
    expect((await update('changes', { recipe: null })).body).toMatchObject({ recipe: null, suite: 'golden' });
    const answers = await Promise.all(['a', 'b', 'c'].map((suite) => update('changes', { suite })));
    expect(answers.map(({ body }) => body.generation).sort()).toEqual([4, 5, 6]);
    await app.harness.flush();
    const told = app.harness.eventsOf(applicationChangedV1).filter(({ data }) => data.name === 'changes');
    expect(told.map(({ data }) => data.generation)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are not found under another name', async () => {
    const params = { name: 'nowhere' };
    const read = await app.harness.request(routes.getApplication, { tenant, params });
    expect([read.status, read.problem.code]).toEqual([404, 'registry.application_not_found']);
    expect((await update('nowhere', { suite: 'x' })).problem.code).toBe('registry.application_not_found');
  });
});
