import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { placementChangedV1, tenantPurgedV1 } from '@myriad/contracts';
import { DeployerApp } from '../deployer-app.js';

describe('a purge', () => {
  let app: DeployerApp;
  beforeAll(async () => {
    app = await DeployerApp.start();
  });
  afterAll(() => app.close());

  it("takes every model of the tenant out of service, once, and nobody else's", async () => {
    for (const tenant of ['pa', 'pb'])
      for (const modelName of ['one', 'two']) {
        await app.promote(tenant, { promotionId: `prm_${tenant}_${modelName}`, modelName });
      }
    await app.harness.publish(tenantPurgedV1, 'pa', { ...tenantPurgedV1.example, tenantId: 'pa' });
    await app.harness.flush();
    const removed = app.harness.eventsOf(placementChangedV1).filter(({ data }) => data.status === 'removed');
    expect(removed.map(({ data }) => [data.tenantId, data.modelName, data.generation])).toEqual([
      ['pa', 'one', 2],
      ['pa', 'two', 2],
    ]);
  });
});
