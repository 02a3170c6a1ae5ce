import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deployerRoutes as routes, placementChangedV1, promotionApprovedV1, rolloutChangedV1 } from '@myriad/contracts';
import { systemContext, tenantId } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { EndRollout } from '../../src/application/end-rollout.js';
import { ExpireRollouts } from '../../src/application/expire-rollouts.js';
import { DeployerApp, MODEL, TIMEOUT_MS } from '../deployer-app.js';

describe('a rollout', () => {
  let app: DeployerApp;
  beforeAll(async () => {
    app = await DeployerApp.start();
  });
  afterAll(() => app.close());

  const changesOf = async (tenant: string): Promise<(string | number | null)[][]> => {
    await app.harness.flush();
    const ofTenant = app.harness.eventsOf(placementChangedV1).filter(({ data }) => data.tenantId === tenant);
    return ofTenant.map(({ data }) => [data.generation, data.version, data.status]);
  };
  const statusesOf = async (tenant: string): Promise<string[]> => {
    await app.harness.flush();
    const ofTenant = app.harness.eventsOf(rolloutChangedV1).filter(({ data }) => data.tenantId === tenant);
    return ofTenant.map(({ data }) => `${data.version} ${data.status}`);
  };

  it('places an approved version once, however often it is told, and completes when a replica serves it', async () => {
    const rollout = await app.promote('aa', { promotionId: 'prm_aa' });
    await app.promote('aa', { promotionId: 'prm_aa' }); // another event of the same promotion
    expect(rollout).toMatchObject({
      status: 'progressing',
      previousVersion: null,
      conditions: [{ status: 'Unknown' }],
    });
    expect(await changesOf('aa')).toEqual([[1, 1, 'active']]);
    const [placed] = app.harness.eventsOf(placementChangedV1);
    expect(placed?.data.serving).toEqual(promotionApprovedV1.example.serving);
    await app.report('aa', 1, 'ready');
    const done = await app.rollout('aa', rollout.rolloutId);
    expect(done).toMatchObject({ status: 'completed', reason: 'r0 serves it', conditions: [{ status: 'True' }] });
    await app.report('aa', 1, 'failed'); // too late: it ended
    expect(await statusesOf('aa')).toEqual(['1 progressing', '1 completed']);
    expect((await app.harness.request(routes.listRollouts, { tenant: 'aa' })).body.items).toHaveLength(1);
  });

  it('puts the version before back, a generation later, when the new one fails', async () => {
    await app.promote('bb', { promotionId: 'prm_bb1' });
    await app.report('bb', 1, 'ready');
    const second = await app.promote('bb', { promotionId: 'prm_bb2', version: 2 });
    await app.report('bb', 1, 'failed'); // of the older generation
    await app.report('bb', 2, 'unloaded');
    expect((await app.rollout('bb', second.rolloutId)).status).toBe('progressing');
    await app.report('bb', 2, 'failed');
    const failed = await app.rollout('bb', second.rolloutId);
    expect(failed).toMatchObject({ status: 'failed', reason: 'r0: parity is off', previousVersion: 1 });
    expect(await changesOf('bb')).toEqual([
      [1, 1, 'active'],
      [2, 2, 'active'],
      [3, 1, 'active'],
    ]);
    await app.report('bb', 3, 'ready');
    expect(await statusesOf('bb')).toEqual(['1 progressing', '1 completed', '2 progressing', '2 failed']);
  });

  it('removes the placement when the first version of a model fails', async () => {
    await app.promote('cc', { promotionId: 'prm_cc' });
    await app.report('cc', 1, 'failed');
    expect(await app.placed('cc')).toEqual({ version: 1, generation: 2, status: 'removed' });
    const next = await app.promote('cc', { promotionId: 'prm_cc2', version: 2 });
    expect(next.previousVersion).toBeNull();
    expect(await app.placed('cc')).toEqual({ version: 2, generation: 3, status: 'active' });
  });

  it('overtakes one that is under way, and goes back to what a replica had confirmed', async () => {
    await app.promote('dd', { promotionId: 'prm_dd1' });
    await app.report('dd', 1, 'ready');
    const second = await app.promote('dd', { promotionId: 'prm_dd2', version: 2 });
    const third = await app.promote('dd', { promotionId: 'prm_dd3', version: 3 });
    expect((await app.rollout('dd', second.rolloutId)).reason).toMatch(/^overtaken by rol_/);
    expect(third.previousVersion).toBe(1);
    await app.report('dd', 3, 'failed');
    expect(await app.placed('dd')).toEqual({ version: 1, generation: 4, status: 'active' });
    expect(await statusesOf('dd')).toEqual([
      '1 progressing',
      '1 completed',
      '2 progressing',
      '2 failed',
      '3 progressing',
      '3 failed',
    ]);
  });

  it('fails when no replica served it in time', async () => {
    await app.promote('ee', { promotionId: 'prm_ee1' });
    await app.report('ee', 1, 'ready');
    const late = await app.promote('ee', { promotionId: 'prm_ee2', version: 2 });
    app.clock.advance(TIMEOUT_MS - 10);
    expect(await app.harness.get(ExpireRollouts).execute()).toBe(0);
    expect((await app.rollout('ee', late.rolloutId)).status).toBe('progressing');
    app.clock.advance(20);
    await app.harness.get(ExpireRollouts).execute();
    const failed = await app.reaches('ee', late.rolloutId, 'failed');
    expect(failed.reason).toBe('no replica served it within 120 s');
    expect(await app.placed('ee')).toEqual({ version: 1, generation: 3, status: 'active' });
    await app.report('ee', 2, 'ready'); // it came up after all: too late
    expect((await app.rollout('ee', late.rolloutId)).status).toBe('failed');
  });

  it('stays completed when a replica confirmed it in the moment in which time ran out', async () => {
    const rollout = await app.promote('ii', { promotionId: 'prm_ii' });
    let expiring: Promise<number> | undefined;
    await app.harness.uow.run(systemContext('test', tenantId('ii')), async (tx) => {
      const report = {
        environment: 'production',
        modelName: MODEL,
        versionId: 'ver_1',
        generation: 1,
        replicaId: 'r0',
        reason: '',
      } as const;
      await app.harness.get(EndRollout).onReport(tx, { ...report, state: 'ready' });
      app.clock.advance(TIMEOUT_MS + 1);
      expiring = app.harness.get(ExpireRollouts).execute();
      await eventually(async () => {
        expect(await tx.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", [])).not.toEqual(
          [],
        );
      });
    });
    await expiring;
    expect((await app.rollout('ii', rollout.rolloutId)).status).toBe('completed');
    expect(await app.placed('ii')).toEqual({ version: 1, generation: 1, status: 'active' });
  });

  it('is taken back by a person, who must name the newest', async () => {
    const first = await app.promote('ff', { promotionId: 'prm_ff1' });
    await app.report('ff', 1, 'ready');
    const second = await app.promote('ff', { promotionId: 'prm_ff2', version: 2 });
    await app.report('ff', 2, 'ready');
    const rollBack = (rolloutId: string, tenant = 'ff') =>
      app.harness.request(routes.rollbackRollout, { tenant, params: { rolloutId }, body: { reason: 'odd answers' } });
    const old = await rollBack(first.rolloutId);
    expect(old.problem).toMatchObject({ status: 409, code: 'deployer.nothing_to_roll_back' });
    expect(old.problem.detail).toContain(second.rolloutId);
    expect((await rollBack(second.rolloutId, 'tenant-b')).problem.code).toBe('deployer.rollout_not_found');
    const done = (await rollBack(second.rolloutId)).body;
    expect(done.status).toBe('rolled-back');
    expect(done.reason).toMatch(/^usr_\w+: odd answers$/);
    expect(await app.placed('ff')).toEqual({ version: 1, generation: 3, status: 'active' });
    expect((await rollBack(second.rolloutId)).problem.code).toBe('deployer.nothing_to_roll_back');
    expect((await statusesOf('ff')).at(-1)).toBe('2 rolled-back');
  });

  it('is taken back by a person after a newer one failed, and after a newer one was taken back', async () => {
    const rollBack = (rolloutId: string) =>
      app.harness.request(routes.rollbackRollout, {
        tenant: 'jj',
        params: { rolloutId },
        body: { reason: 'odd answers' },
      });
    const ids: string[] = [];
    for (const version of [1, 2, 3]) {
      ids.push((await app.promote('jj', { promotionId: `prm_jj${version}`, version })).rolloutId);
      await app.report('jj', version, version === 3 ? 'failed' : 'ready');
    }
    const [first = '', second = '', third = ''] = ids;
    expect(await app.placed('jj')).toEqual({ version: 2, generation: 4, status: 'active' });
    expect((await rollBack(first)).problem.code).toBe('deployer.nothing_to_roll_back');
    expect((await rollBack(third)).problem.code).toBe('deployer.nothing_to_roll_back');
    expect((await rollBack(second)).body.status).toBe('rolled-back');
    expect(await app.placed('jj')).toEqual({ version: 1, generation: 5, status: 'active' });
    expect((await rollBack(first)).body.status).toBe('rolled-back');
    expect(await app.placed('jj')).toEqual({ version: 1, generation: 6, status: 'removed' });
    expect((await rollBack(first)).problem.code).toBe('deployer.nothing_to_roll_back');
  });

  it('is seen by its own tenant and by the platform, by no other tenant', async () => {
    const rollout = await app.promote('gg', { promotionId: 'prm_gg', environment: 'engineering' });
    const params = { rolloutId: rollout.rolloutId };
    const theirs = await app.harness.request(routes.getRollout, { tenant: 'tenant-b', params });
    expect(theirs.problem).toMatchObject({ status: 404, code: 'deployer.rollout_not_found' });
    for (const route of [routes.listRollouts, routes.listPlacements])
      expect((await app.harness.request(route, { tenant: 'tenant-b' })).body.items).toEqual([]);
    expect((await app.harness.request(routes.getRollout, { tenant: 'platform', params })).body.tenantId).toBe('gg');
    // a promotion's id of one tenant says nothing of another's
    await app.promote('hh', { promotionId: 'prm_gg' });
    expect(await app.placed('hh')).toEqual({ version: 1, generation: 1, status: 'active' });
  });

  it('gives placements page by page to the platform', async () => {
    const seen: string[] = [];
    for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
      const query = { pageSize: 2, ...(pageToken === '' ? {} : { pageToken }) };
      const page: { items: { tenantId: string }[]; nextPageToken?: string | undefined } = (
        await app.harness.request(routes.listPlacements, { tenant: 'platform', query })
      ).body;
      seen.push(...page.items.map(({ tenantId }) => tenantId));
      pageToken = page.nextPageToken;
    }
    expect(seen).toEqual(['aa', 'bb', 'cc', 'dd', 'ee', 'ff', 'gg', 'hh', 'ii', 'jj']);
  });
});
