import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CAMPAIGN_STORE, type CampaignStore } from '../../src/application/ports.js';
import { Reconcile } from '../../src/application/reconcile.js';
import type { Campaign } from '../../src/domain/campaign.js';
import { approved, campaign, run } from '../domain/campaign-facts.js';
import { EvaluatorApp } from '../evaluator-app.js';

describe('Reconcile', () => {
  let app: EvaluatorApp;
  beforeAll(async () => {
    app = await EvaluatorApp.start();
  });
  afterAll(() => app.close());

  it('goes on with the other campaigns when one is stuck, and says so', async () => {
    const store = app.harness.get<CampaignStore>(CAMPAIGN_STORE);
    const { before } = approved([run('aa')], { campaignId: 'cmp_stuck' }); // its version was never told of
    const stuck: Campaign = { ...before, status: 'approved', approvalId: 'apr_1', createdAt: new Date(1) };
    const fine = campaign({ campaignId: 'cmp_fine', fleetRunId: 'flt_2', createdAt: new Date(2) });
    await app.harness.uow.runAcrossTenants('a test begins', async (tx) => {
      await store.insert(tx, stuck);
      await store.insert(tx, fine);
    });
    await expect(app.harness.get(Reconcile).execute()).rejects.toThrow('1 of 2 campaigns are stuck');
    const found = (id: string): Promise<Campaign | undefined> =>
      app.harness.uow.runAcrossTenants('a test looks', (tx) => store.find(tx, id));
    expect((await found('cmp_fine'))?.reason).toBe('the fleet run has not ended');
    expect(await found('cmp_stuck')).toEqual(stuck);
  });
});
