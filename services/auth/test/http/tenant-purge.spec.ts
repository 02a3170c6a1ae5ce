import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authRoutes, tenantShreddedV1 } from '@myriad/contracts';
import { AuthApp } from '../auth-app.js';

const DAY_MS = 86_400_000;
const second = { sub: 'usr_second' };

describe("a tenant's key", () => {
  let auth: AuthApp;
  beforeAll(async () => {
    auth = await AuthApp.start();
  });
  afterAll(() => auth.close());

  const make = async (tenantId: string): Promise<void> => {
    await auth.call(authRoutes.createTenant, { body: { tenantId, displayName: tenantId } });
  };
  const set = (tenantId: string, status: string) =>
    auth.call(authRoutes.updateTenant, { params: { tenantId }, body: { status } });
  const purge = (tenantId: string, as: object = {}, confirm = tenantId) =>
    auth.call(authRoutes.purgeTenant, { as, params: { tenantId }, body: { confirm } });
  const get = (tenantId: string) => auth.call(authRoutes.getTenantPurge, { params: { tenantId } });
  const purgeEvents = (tenantId: string) =>
    auth.events.filter(({ type, tenantid }) => type === 'auth.tenant-purged.v1' && tenantid === tenantId);
  const actions = async (tenantId: string): Promise<string[]> => {
    const { body } = await auth.call(authRoutes.listAudit, { as: { tid: tenantId } });
    return body.items.map(({ action }) => action);
  };

  it('is rotated on demand, which is announced and written down', async () => {
    await make('rr');
    const params = { tenantId: 'rr' };
    expect((await auth.call(authRoutes.rotateTenantKey, { params })).status).toBe(202);
    expect((await auth.event('auth.tenant-key-rotation-requested.v1', params)).tenantid).toBe('rr');
    expect(await actions('rr')).toContain('tenant.key-rotation-requested');
    const nobody = await auth.call(authRoutes.rotateTenantKey, { params: { tenantId: 'nobody' } });
    expect(nobody.body.code).toBe('auth.tenant_not_found');
    const foreign = await auth.call(authRoutes.rotateTenantKey, { as: { tid: 'rr' }, params });
    expect(foreign.body.code).toBe('http.platform_scope_required');
  });

  it('is destroyed only when the tenant is suspended and its id is typed once more', async () => {
    await make('pa');
    expect((await purge('pa')).body.code).toBe('auth.tenant_not_suspended');
    await set('pa', 'suspended');
    expect((await purge('pa', {}, 'pb')).body.code).toBe('auth.confirmation_mismatch');
    expect((await purge('platform')).body.code).toBe('auth.platform_is_permanent');
    expect((await purge('nobody')).body.code).toBe('auth.tenant_not_found');
    expect((await get('pa')).body.code).toBe('auth.purge_not_found');
    expect((await purge('pa', { tid: 'pa' })).body.code).toBe('http.platform_scope_required');
  });

  it('is destroyed once a second person confirms, however often both ask, and the receipt is kept', async () => {
    for (const tenantId of ['pc', 'pd']) await make(tenantId);
    await set('pc', 'suspended');
    for (let i = 0; i < 2; i++)
      expect(await purge('pc')).toMatchObject({
        status: 200,
        body: { status: 'requested', requestedBy: auth.administrator, confirmedBy: null },
      });
    expect((await get('pc')).body.status).toBe('requested');
    for (const as of [second, second, {}])
      expect((await purge('pc', as)).body).toMatchObject({ status: 'purging', confirmedBy: 'usr_second' });
    await auth.event('auth.tenant-purged.v1', { tenantId: 'pc', confirmedBy: 'usr_second' });
    const keys = { versions: 2, destroyedAt: '2026-01-02T00:00:00.000Z', finalAt: '2026-01-02T00:00:00.000Z' };
    const receipt = { keys, objects: 3, sizeBytes: 99, completedAt: '2026-01-02T00:00:01.000Z' };
    await auth.publishTwice(tenantShreddedV1, 'pc', { tenantId: 'pc', ...receipt });
    expect((await get('pc')).body).toMatchObject({ status: 'purged', receipt });
    expect(purgeEvents('pc')).toHaveLength(1);
    const written = await actions('pc');
    for (const action of ['tenant.purge-requested', 'tenant.purged', 'tenant.shredded'])
      expect(written.filter((each) => each === action)).toHaveLength(1);
    expect((await set('pc', 'active')).body.code).toBe('auth.tenant_purged');
    const params = { tenantId: 'pc' };
    expect((await auth.call(authRoutes.rotateTenantKey, { params })).body.code).toBe('auth.tenant_purged');
    expect((await get('pd')).status).toBe(404);
    expect(purgeEvents('pd')).toHaveLength(0);
  });

  it('is not destroyed when the request is a day old, or was taken back by reactivating the tenant', async () => {
    await make('pe');
    await set('pe', 'suspended');
    await purge('pe');
    auth.clock.advance(DAY_MS);
    expect((await purge('pe', second)).body).toMatchObject({ status: 'requested', requestedBy: 'usr_second' });
    await set('pe', 'active');
    expect((await get('pe')).body.code).toBe('auth.purge_not_found');
    await set('pe', 'suspended');
    expect((await purge('pe')).body).toMatchObject({ status: 'requested', requestedBy: auth.administrator });
    expect(purgeEvents('pe')).toHaveLength(0);
  });
});
