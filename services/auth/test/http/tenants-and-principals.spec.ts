import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authRoutes, permissionsOf } from '@myriad/contracts';
import type { InternalClaims } from '@myriad/http';
import { systemContext } from '@myriad/kernel';
import { RepublishPrincipals } from '../../src/application/republish-principals.js';
import { AuthApp } from '../auth-app.js';

describe('tenants and principals', () => {
  let auth: AuthApp;
  beforeAll(async () => {
    auth = await AuthApp.start();
    for (const tenantId of ['aa', 'bb'])
      await auth.call(authRoutes.createTenant, { body: { tenantId, displayName: tenantId.toUpperCase() } });
  });
  afterAll(() => auth.close());

  /** A tenant-admin of the tenant, as the gateway presents it. */
  async function tenantAdmin(tenantId: string): Promise<Partial<InternalClaims>> {
    const bindings = [{ role: 'tenant-admin', tenantId, environment: '*' }];
    const body = { kind: 'user', name: 'admin', bindings };
    const { body: made } = await auth.call(authRoutes.createPrincipal, { as: { tid: tenantId }, body });
    return { sub: made.principalId, tid: tenantId, htid: tenantId, perms: [...permissionsOf('tenant-admin')] };
  }

  describe('a tenant', () => {
    it('is made with a default rate limit, announced, and made only once', async () => {
      const body = { tenantId: 'cc', displayName: 'C' };
      const made = await auth.call(authRoutes.createTenant, { body });
      expect(made).toMatchObject({ status: 201, body: { tenantId: 'cc', status: 'active' } });
      expect((await auth.event('auth.tenant-changed.v1', { tenantId: 'cc' })).tenantid).toBe('cc');
      expect(await auth.call(authRoutes.createTenant, { body })).toMatchObject({
        status: 409,
        body: { code: 'auth.tenant_exists' },
      });
    });

    it('is made by the platform only, however many permissions another tenant acts with', async () => {
      const body = { tenantId: 'dd', displayName: 'D' };
      expect(await auth.call(authRoutes.createTenant, { as: { tid: 'aa' }, body })).toMatchObject({
        status: 403,
        body: { code: 'http.platform_scope_required' },
      });
    });

    it('is suspended and renamed; the platform never is', async () => {
      const params = { tenantId: 'bb' };
      const body = { status: 'suspended' };
      expect(await auth.call(authRoutes.updateTenant, { params, body })).toMatchObject({
        status: 200,
        body: { status: 'suspended', displayName: 'BB' },
      });
      expect((await auth.event('auth.tenant-changed.v1', { tenantId: 'bb', status: 'suspended' })).data).toMatchObject({
        generation: 2,
      });
      await auth.call(authRoutes.updateTenant, { params, body: { status: 'active' } });
      expect(await auth.call(authRoutes.updateTenant, { params: { tenantId: 'platform' }, body })).toMatchObject({
        status: 409,
        body: { code: 'auth.platform_is_permanent' },
      });
      expect(await auth.call(authRoutes.updateTenant, { params: { tenantId: 'nobody' }, body })).toMatchObject({
        status: 404,
      });
    });

    it('sees itself alone; the platform sees all, page by page', async () => {
      const own = await auth.call(authRoutes.listTenants, { as: { tid: 'aa' } });
      expect(own.body.items.map((tenant) => tenant.tenantId)).toEqual(['aa']);
      expect((await auth.call(authRoutes.getTenant, { as: { tid: 'aa' }, params: { tenantId: 'bb' } })).status).toBe(
        404,
      );
      const first = await auth.call(authRoutes.listTenants, { query: { pageSize: '2' } });
      expect(first.body.items.map((tenant) => tenant.tenantId)).toEqual(['aa', 'bb']);
      const query = { pageSize: '500', pageToken: first.body.nextPageToken! };
      const second = await auth.call(authRoutes.listTenants, { query });
      expect(second.body.items.map((tenant) => tenant.tenantId)).toContain('platform');
      expect(second.body.items.map((tenant) => tenant.tenantId)).not.toContain('bb');
    });
  });

  describe('a principal', () => {
    it('is at home in the acting tenant, and its bindings are announced with their permissions', async () => {
      const admin = await tenantAdmin('aa');
      const bindings = [{ role: 'predictor', tenantId: 'aa', environment: 'production' }];
      const body = { kind: 'service-account', name: 'app', bindings };
      const made = await auth.call(authRoutes.createPrincipal, { as: admin, body });
      expect(made).toMatchObject({ status: 201, body: { homeTenantId: 'aa', bindings, status: 'active' } });
      const { principalId } = made.body;
      expect(principalId).toMatch(/^svc_/);
      const event = await auth.event('auth.principal-changed.v1', { principalId });
      expect(event.data).toMatchObject({ bindings: [{ permissions: permissionsOf('predictor') }] });
      expect((await auth.call(authRoutes.getPrincipal, { as: { tid: 'bb' }, params: { principalId } })).status).toBe(
        404,
      );
    });

    it.each([
      ['a role above its own', { role: 'platform-admin', tenantId: 'aa', environment: '*' }],
      ['a role in another tenant', { role: 'viewer', tenantId: 'bb', environment: '*' }],
      ['a role in every tenant', { role: 'viewer', tenantId: '*', environment: '*' }],
    ])('is never given %s by a tenant admin', async (_name, binding) => {
      const admin = await tenantAdmin('aa');
      const escalation = { status: 403, body: { code: 'auth.privilege_escalation' } };
      const body = { kind: 'user', name: 'x', bindings: [binding] };
      expect(await auth.call(authRoutes.createPrincipal, { as: admin, body })).toMatchObject(escalation);
      const params = { principalId: admin.sub! };
      expect(
        await auth.call(authRoutes.putBindings, { as: admin, params, body: { bindings: [binding] } }),
      ).toMatchObject(escalation);
    });

    it('with more rights than a tenant admin is not touched by one', async () => {
      const admin = await tenantAdmin('aa');
      const bindings = [{ role: 'platform-admin', tenantId: '*', environment: '*' }];
      const strong = await auth.call(authRoutes.createPrincipal, {
        as: { tid: 'aa' },
        body: { kind: 'user', name: 'strong', bindings },
      });
      const params = { principalId: strong.body.principalId };
      for (const [route, body] of [
        [authRoutes.putBindings, { bindings: [] }],
        [authRoutes.updatePrincipal, { status: 'disabled' }],
      ] as const)
        expect(await auth.call(route, { as: admin, params, body })).toMatchObject({
          status: 403,
          body: { code: 'auth.privilege_escalation' },
        });
      expect(
        await auth.call(authRoutes.createKey, { as: admin, body: { principalId: strong.body.principalId } }),
      ).toMatchObject({ status: 403, body: { code: 'auth.privilege_escalation' } });
    });

    it('is bound only where a tenant is', async () => {
      const body = { kind: 'user', name: 'x', bindings: [{ role: 'viewer', tenantId: 'nowhere', environment: '*' }] };
      expect(await auth.call(authRoutes.createPrincipal, { as: { tid: 'aa' }, body })).toMatchObject({
        status: 404,
        body: { code: 'auth.tenant_not_found' },
      });
    });

    it('gets other bindings and is disabled, each announced with the next generation', async () => {
      const made = await auth.call(authRoutes.createPrincipal, {
        as: { tid: 'aa' },
        body: { kind: 'user', name: 'moves', bindings: [] },
      });
      const params = { principalId: made.body.principalId };
      const bindings = [{ role: 'viewer', tenantId: 'aa', environment: 'research' }];
      const put = await auth.call(authRoutes.putBindings, { as: { tid: 'aa' }, params, body: { bindings } });
      expect(put).toMatchObject({ status: 200, body: { bindings } });
      await auth.call(authRoutes.updatePrincipal, { as: { tid: 'aa' }, params, body: { status: 'disabled' } });
      const event = await auth.event('auth.principal-changed.v1', { ...params, status: 'disabled' });
      expect(event.data['generation']).toBe(3);
      const key = await auth.call(authRoutes.createKey, { as: { tid: 'aa' }, body: params });
      expect(key).toMatchObject({ status: 409, body: { code: 'auth.principal_disabled' } });
    });

    it('learns who it is and what it may do', async () => {
      const admin = await tenantAdmin('aa');
      const me = await auth.call(authRoutes.getMe, { as: { ...admin, perms: ['models:read'] } });
      expect(me.body).toMatchObject({ principalId: admin.sub, actingTenantId: 'aa', permissions: ['models:read'] });
    });

    it('is found by its exact name, in its own tenant', async () => {
      await auth.call(authRoutes.createPrincipal, { as: { tid: 'bb' }, body: { kind: 'user', name: 'only here' } });
      const found = async (tid: string): Promise<number> =>
        (await auth.call(authRoutes.listPrincipals, { as: { tid }, query: { name: 'only here' } })).body.items.length;
      expect([await found('bb'), await found('aa')]).toEqual([1, 0]);
    });
  });

  it('is announced again, of the next generation, when a release gives roles other permissions', async () => {
    const republish = auth.app.get(RepublishPrincipals);
    expect(await republish.execute()).toBe(false);
    const body = { kind: 'user', name: 'again' };
    const { principalId } = (await auth.call(authRoutes.createPrincipal, { as: { tid: 'bb' }, body })).body;
    await auth.uow.run(systemContext('test'), (tx) => tx.query(`UPDATE announced_roles SET digest = 'older'`));
    expect(await republish.execute()).toBe(true);
    const { tenantid } = await auth.event('auth.principal-changed.v1', { principalId, generation: 2 });
    expect(tenantid).toBe('bb');
    expect(await republish.execute()).toBe(false);
  });

  it('refuses a text with NUL in it as a fault of the request', async () => {
    const answer = await auth.call(authRoutes.listPrincipals, { as: { tid: 'aa' }, query: { name: 'a\0b' } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'persistence.text_invalid' } });
    const body = { kind: 'user', name: 'a\0b' };
    expect((await auth.call(authRoutes.createPrincipal, { as: { tid: 'aa' }, body })).status).toBe(400);
  });

  it('shows the built-in roles', async () => {
    const { body } = await auth.call(authRoutes.listRoles);
    expect(body.items.find((role) => role.role === 'approver')?.permissions).toContain('approvals:decide');
  });
});
