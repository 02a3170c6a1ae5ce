import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deployerRoutes as routes, placementChangedV1, usageMeteredV1 } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { ExpireRollouts } from '../../src/application/expire-rollouts.js';
import { DeployerApp, TIMEOUT_MS } from '../deployer-app.js';

const canary = { mode: 'canary', percent: 5 } as const;

describe('a version that is tried', () => {
  let app: DeployerApp;
  beforeAll(async () => {
    app = await DeployerApp.start();
  });
  afterAll(() => app.close());

  /** What replicas are told of the tenant's model: generation, version that answers, what is tried beside it. */
  const toldOf = async (tenant: string) => {
    await app.harness.flush();
    return app.harness
      .eventsOf(placementChangedV1)
      .filter(({ data }) => data.tenantId === tenant)
      .map(({ data: { generation, version, candidate } }) =>
        candidate ? [generation, version, candidate.version, candidate.mode, candidate.percent] : [generation, version],
      );
  };
  /** Version 1 answers, version 2 is tried and in a replica's memory. */
  const onTrial = async (tenant: string) => {
    await app.promote(tenant, { promotionId: `prm_${tenant}1` });
    await app.report(tenant, 1, 'ready');
    const trial = await app.promote(tenant, { promotionId: `prm_${tenant}2`, version: 2, trial: canary });
    await app.report(tenant, 2, 'ready', { versionId: 'ver_2' });
    return trial.rolloutId;
  };
  const change = (tenant: string, rolloutId: string, anyBody: unknown) =>
    app.harness.request(routes.changeTrial, { tenant, params: { rolloutId }, anyBody });
  const promote = (tenant: string, rolloutId: string) =>
    app.harness.request(routes.promoteTrial, { tenant, params: { rolloutId }, body: { reason: 'it is better' } });
  const rollBack = (tenant: string, rolloutId: string) =>
    app.harness.request(routes.rollbackRollout, { tenant, params: { rolloutId }, body: { reason: 'it is worse' } });

  it('stands beside the one that answers, on a share that a person changes, until it is promoted', async () => {
    const rolloutId = await onTrial('aa');
    const rollout = await app.rollout('aa', rolloutId);
    expect(rollout).toMatchObject({ status: 'progressing', trial: canary, previousVersion: 1, reason: 'r0 tries it' });
    expect(rollout.conditions).toMatchObject([{ reason: 'OnTrial' }]);
    const changed = await change('aa', rolloutId, { mode: 'shadow', percent: 100 });
    expect(changed.body).toMatchObject({ trial: { mode: 'shadow', percent: 100 } });
    const done = await promote('aa', rolloutId);
    expect(done.body).toMatchObject({ status: 'completed', trial: null, previousVersion: 1 });
    expect(await toldOf('aa')).toEqual([
      [1, 1],
      [2, 1, 2, 'canary', 5],
      [3, 1, 2, 'shadow', 100],
      [4, 2],
    ]);
    const back = await rollBack('aa', rolloutId);
    expect(back.body.status).toBe('rolled-back');
    expect(await app.placed('aa')).toMatchObject({ version: 1, generation: 5 });
  });

  it('goes when it is rolled back, when a replica can not load it, or when another one overtakes it; the one that answers stays', async () => {
    const given = await onTrial('bb');
    expect((await rollBack('bb', given)).body.status).toBe('rolled-back');
    const broken = await app.promote('bb', { promotionId: 'prm_bb3', version: 3, trial: canary });
    await app.report('bb', 4, 'failed', { versionId: 'ver_3' });
    expect(await app.rollout('bb', broken.rolloutId)).toMatchObject({ status: 'failed', reason: 'r0: parity is off' });
    const overtaken = await app.promote('bb', { promotionId: 'prm_bb4', version: 4, trial: canary });
    await app.promote('bb', { promotionId: 'prm_bb5', version: 5, trial: canary });
    expect((await app.rollout('bb', overtaken.rolloutId)).reason).toMatch(/^overtaken by rol_.*promoted$/);
    expect((await toldOf('bb')).map(([, version]) => version)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect((await toldOf('bb')).at(-1)).toEqual([7, 1, 5, 'canary', 5]);
  });

  it('may be tried for as long as people like once a replica has it, and fails when none has it in time', async () => {
    const rolloutId = await onTrial('cc');
    const late = await app.promote('dd', { promotionId: 'prm_dd1' }).then(async () => {
      await app.report('dd', 1, 'ready');
      return app.promote('dd', { promotionId: 'prm_dd2', version: 2, trial: canary });
    });
    app.clock.advance(TIMEOUT_MS + 10);
    await app.harness.get(ExpireRollouts).execute();
    expect((await app.reaches('dd', late.rolloutId, 'failed')).reason).toContain('no replica served it');
    expect((await app.rollout('cc', rolloutId)).status).toBe('progressing');
    expect(await toldOf('dd')).toEqual([
      [1, 1],
      [2, 1, 2, 'canary', 5],
      [3, 1],
    ]);
  });

  it('without one that answers is placed as ever; in another pool it is refused', async () => {
    const first = await app.promote('ee', { promotionId: 'prm_ee1', trial: canary });
    expect(first.trial).toBeNull();
    await app.report('ee', 1, 'ready');
    const order = { promotionId: 'prm_ee2', version: 2, sizeClass: 'large', trial: canary } as const;
    expect(await app.promote('ee', order)).toMatchObject({
      status: 'failed',
      reason: "version 2 needs pool 'tabular-large', version 1 answers in 'tabular-small'",
    });
  });

  it('is refused what is no trial, to another tenant, before a replica has it, and after its end', async () => {
    const rolloutId = await onTrial('ff');
    expect((await change('gg', rolloutId, canary)).problem.code).toBe('deployer.rollout_not_found');
    for (const body of [{ mode: 'canary', percent: 101 }, { mode: 'half', percent: 1 }, { percent: 1 }, {}])
      expect((await change('ff', rolloutId, body)).status).toBe(400);
    await rollBack('ff', rolloutId);
    expect((await change('ff', rolloutId, canary)).problem).toMatchObject({
      code: 'deployer.not_on_trial',
      status: 409,
    });
    const early = await app.promote('ff', { promotionId: 'prm_ff3', version: 3, trial: canary });
    expect((await promote('ff', early.rolloutId)).problem.code).toBe('deployer.not_on_trial');
  });

  it('costs its tenant nothing while it is only compared', async () => {
    const usage = { ...usageMeteredV1.example, tenantId: 'hh' };
    await app.harness.publish(usageMeteredV1, 'hh', { ...usage, isShadow: true, requests: 70 });
    await app.harness.publish(usageMeteredV1, 'hh', { ...usage, requests: 3 });
    await eventually(async () => {
      const { items } = (await app.harness.request(routes.listCosts, { tenant: 'hh' })).body;
      expect(items).toMatchObject([{ predictions: 3 }]);
    });
  });
});
