import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RouteResponse, deployerRoutes as routes, poolChangedV1 } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { ReconcilePools } from '../../src/application/reconcile-pools.js';
import { DeployerApp } from '../deployer-app.js';

type PoolBody = RouteResponse<typeof routes.listPools>['items'][number];

describe('pools', () => {
  let app: DeployerApp;
  beforeAll(async () => {
    app = await DeployerApp.start();
  });
  afterAll(() => app.close());

  const NAME = 'realtime-production-tabular-small';
  const ENDPOINT = { replicaId: NAME, url: `http://${NAME}:1` };
  const reconcile = (): Promise<void> => app.harness.get(ReconcilePools).execute();
  const becomes = (status: PoolBody['status']): Promise<PoolBody> =>
    eventually(async () => {
      const [pool] = (await app.harness.request(routes.listPools, { tenant: 'aa' })).body.items;
      if (pool?.status !== status) throw new Error(`it is ${pool?.status ?? 'not there'}`);
      return pool;
    });
  const told = async (): Promise<unknown[][]> => {
    await app.harness.flush();
    return app.harness.eventsOf(poolChangedV1).map(({ data }) => [data.generation, data.status, data.endpoints]);
  };

  it('runs a replica where a model is placed, and says where', async () => {
    await app.promote('aa', { promotionId: 'prm_1' });
    const pool = await becomes('ready');
    expect(pool).toMatchObject({
      pool: 'tabular-small',
      placements: 1,
      replicas: [ENDPOINT],
      conditions: [{ status: 'True' }],
    });
    expect(app.capacity.running.get(NAME)).toMatchObject({
      environment: 'production',
      memoryLimitBytes: 256 * 1024 * 1024,
    });
    await app.promote('bb', { promotionId: 'prm_2' });
    await reconcile();
    expect((await becomes('ready')).placements).toBe(2);
    expect(await told()).toEqual([[1, 'ready', [ENDPOINT]]]);
    const query = { environment: 'research' };
    expect((await app.harness.request(routes.listPools, { tenant: 'aa', query })).body.items).toEqual([]);
    const params = { environment: 'production' };
    const { body } = await app.harness.request(routes.getEnvironment, { tenant: 'aa', params });
    expect(body.pools).toEqual(['tabular-small']);
  });

  it('keeps the address of a replica that is away for a moment, and tells it once', async () => {
    app.capacity.status = 'starting';
    await reconcile();
    await reconcile();
    expect((await becomes('starting')).replicas).toEqual([ENDPOINT]);
    app.capacity.refusal = new Error('the supervisor is away');
    await reconcile();
    await reconcile();
    const failed = await becomes('failed');
    expect(failed.replicas).toEqual([ENDPOINT]);
    expect(failed.conditions[0]).toMatchObject({ status: 'False', message: 'the supervisor is away' });
    app.capacity.refusal = undefined;
    app.capacity.status = 'ready';
    await reconcile();
    await reconcile();
    expect((await told()).map(([generation, status]) => [generation, status])).toEqual([
      [1, 'ready'],
      [2, 'starting'],
      [3, 'failed'],
      [4, 'ready'],
    ]);
  });

  it('ends the replica when the last model is gone', async () => {
    await app.report('aa', 1, 'failed');
    await reconcile();
    expect(app.capacity.running.has(NAME)).toBe(true);
    await app.report('bb', 1, 'failed');
    await reconcile();
    const idle = await becomes('idle');
    expect(idle).toMatchObject({ replicas: [], placements: 0 });
    expect(app.capacity.running.size).toBe(0);
    await reconcile();
    expect((await told()).at(-1)).toEqual([5, 'idle', []]);
    await app.promote('aa', { promotionId: 'prm_3', version: 2 });
    expect((await becomes('ready')).replicas).toEqual([ENDPOINT]);
  });
});
