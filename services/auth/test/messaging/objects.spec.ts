import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authObjectsNamedV1, authRoutes, objectsRemovedV1, objectsSuspectedV1 } from '@myriad/contracts';
import { type Digest, digestOf, newId } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { tryNamedObjects } from '@myriad/testing';
import { AuthApp } from '../auth-app.js';

describe('objects that the registry suspects', () => {
  let auth: AuthApp;
  beforeAll(async () => {
    auth = await AuthApp.start();
  });
  afterAll(() => auth.close());

  it('are named by approvals, tenant by tenant', async () => {
    const ask = async (tenantId: string, digests: readonly Digest[]): Promise<readonly Digest[]> => {
      const sweepId = newId('swp');
      const suspectedAt = new Date(0).toISOString();
      await auth.publishTwice(objectsSuspectedV1, tenantId, { tenantId, sweepId, digests: [...digests], suspectedAt });
      const { data } = await auth.event(authObjectsNamedV1.type, { tenantId, sweepId });
      return data['digests'] as Digest[];
    };
    const columns = [
      {
        table: 'approval',
        values: (digest: Digest) => ({ evidence_digest: digest, kind: 'promotion', status: 'pending' }),
      },
    ];
    const uow = new UnitOfWork(auth.database);
    const { written, named, ...rest } = await tryNamedObjects({
      uow,
      ask,
      columns,
      elsewhere: ['announced_roles.digest'],
    });
    expect(named).toEqual(written);
    expect(rest).toEqual({ namedForNeighbour: [], unknownColumns: [] });
  });

  it('leave a record in the chain of their tenant when they were removed', async () => {
    await auth.call(authRoutes.createTenant, { body: { tenantId: 'aa', displayName: 'aa' } });
    const removed = { ...objectsRemovedV1.example, tenantId: 'aa', digests: [digestOf('left behind')] };
    await auth.publishTwice(objectsRemovedV1, 'aa', removed);
    await auth.settled(objectsRemovedV1.topic.name);
    const { items } = (
      await auth.call(authRoutes.listAudit, { as: { tid: 'aa' }, query: { action: 'objects.removed' } })
    ).body;
    expect(items).toEqual([
      expect.objectContaining({
        actor: 'sys_registry',
        object: removed.sweepId,
        details: { digests: removed.digests, sizeBytes: 4096, removedAt: removed.removedAt },
      }),
    ]);
  });
});
