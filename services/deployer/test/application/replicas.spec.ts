import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { poolChangedV1 } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { ReconcilePools } from '../../src/application/reconcile-pools.js';
import { DeployerApp } from '../deployer-app.js';

describe('a pool of several replicas', () => {
  let app: DeployerApp;
  beforeAll(async () => {
    app = await DeployerApp.start(2);
  });
  afterAll(() => app.close());

  const names = ['realtime-production-tabular-small-1', 'realtime-production-tabular-small-2'] as const;
  const endpoint = (name: string): object => ({ replicaId: name, url: `http://${name}:1` });
  const reconcile = (): Promise<void> => app.harness.get(ReconcilePools).execute();
  const told = async (): Promise<readonly unknown[]> => {
    await app.harness.flush();
    return app.harness.eventsOf(poolChangedV1).map(({ data }) => [data.status, data.endpoints]);
  };

  it('serves as soon as one does, and tells of each when it is ready', async () => {
    app.capacity.statusOf.set(names[1], 'starting');
    await app.promote('aa', { promotionId: 'prm_1' });
    await eventually(async () => {
      expect(await told()).toEqual([['ready', [endpoint(names[0])]]]);
    });
    app.capacity.statusOf.clear();
    await reconcile();
    expect((await told()).at(-1)).toEqual(['ready', names.map(endpoint)]);
    expect([...app.capacity.running.keys()].sort()).toEqual([...names]);
  });

  it('keeps the address of one that starts again, so that a restart in turn leaves nobody without one', async () => {
    const before = (await told()).length;
    app.capacity.statusOf.set(names[0], 'starting');
    await reconcile();
    expect(await told()).toHaveLength(before);
    app.capacity.statusOf.set(names[0], 'failed');
    await reconcile();
    expect((await told()).at(-1)).toEqual(['ready', [endpoint(names[1])]]);
    app.capacity.statusOf.clear();
    await reconcile();
    expect((await told()).at(-1)).toEqual(['ready', names.map(endpoint)]);
  });

  it('ends them all when the last model is gone', async () => {
    await app.report('aa', 1, 'failed');
    await reconcile();
    expect(app.capacity.running.size).toBe(0);
    expect((await told()).at(-1)).toEqual(['idle', []]);
  });
});
