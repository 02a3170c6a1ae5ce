import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deployerRoutes as routes } from '@myriad/contracts';
import { DeployerApp } from './deployer-app.js';

describe('AppModule', () => {
  let app: DeployerApp;
  beforeAll(async () => {
    app = await DeployerApp.start();
  });
  afterAll(() => app.close());

  it('compiles, listens, and needs a token and a permission', async () => {
    expect((await fetch(`${app.harness.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${app.harness.url}/v1/rollouts`)).status).toBe(401);
    const about = { tenant: 'aa', permissions: [] };
    expect((await app.harness.request(routes.listRollouts, about)).status).toBe(403);
  });

  it('names its environments in the order of their way to users', async () => {
    const { items } = (await app.harness.request(routes.listEnvironments, { tenant: 'aa' })).body;
    expect(items.map(({ name }) => name)).toEqual(['research', 'applied-science', 'engineering', 'production']);
  });
});
