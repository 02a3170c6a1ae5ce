import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authRoutes } from '@myriad/contracts';
import { decodeJwt } from 'jose';
import { LoginApp } from './login-app.js';

describe('who may log in, and as what', () => {
  let app: LoginApp;
  beforeAll(async () => {
    app = await LoginApp.start();
  });
  afterAll(() => app.close());

  const exchange = async (claims: object, provider = 'corp') => app.exchange(await app.idToken(claims), provider);
  const principal = (principalId: string, tid = 'aa') =>
    app.auth.call(authRoutes.getPrincipal, { as: { tid }, params: { principalId } });

  it('gives the roles of the groups, takes them again, and leaves those given by hand', async () => {
    const both = await exchange({ sub: 'bob', groups: ['staff', 'deciders', 'strangers'] });
    const { principalId } = both.body;
    const decider = { role: 'approver', tenantId: 'aa', environment: 'production' };
    const scientist = { role: 'data-scientist', tenantId: 'aa', environment: '*' };
    expect((await principal(principalId)).body).toMatchObject({ bindings: [], groupBindings: [decider, scientist] });
    const viewer = { role: 'viewer', tenantId: 'aa', environment: '*' };
    await app.auth.call(authRoutes.putBindings, {
      as: { tid: 'aa' },
      params: { principalId },
      body: { bindings: [viewer] },
    });
    const fewer = await exchange({ sub: 'bob', groups: ['staff'] });
    expect(decodeJwt(fewer.body.accessToken)['scp']).not.toContain('approvals:decide');
    expect((await principal(principalId)).body).toMatchObject({ bindings: [viewer], groupBindings: [scientist] });
    const none = await exchange({ sub: 'bob', groups: undefined });
    expect(none.status).toBe(201);
    const { data } = await app.auth.event('auth.principal-changed.v1', { principalId, generation: 4 });
    expect(data['bindings']).toEqual([expect.objectContaining(viewer)]);
    expect(await app.audit('aa', 'principal.groups-changed')).toHaveLength(2);
  });

  it('takes the roles away even when nothing is left to log in for', async () => {
    const { principalId } = (await exchange({ sub: 'cid', groups: ['staff'] })).body;
    const refused = await exchange({ sub: 'cid', groups: [] });
    expect(refused).toMatchObject({ status: 403, body: { code: 'auth.login_no_role' } });
    expect((await principal(principalId)).body.groupBindings).toEqual([]);
  });

  it('makes nobody of whom no group is known, unless the provider is told to', async () => {
    for (const groups of [undefined, [], ['strangers'], 7, { staff: true }, [['staff']]]) {
      const refused = await exchange({ sub: 'dan', groups });
      expect(refused).toMatchObject({ status: 403, body: { code: 'auth.login_no_role' } });
    }
    const { body } = await app.auth.call(authRoutes.listPrincipals, { as: { tid: 'aa' }, query: { name: 'dan' } });
    expect(body.items).toEqual([]);
    const optional = await exchange({ sub: 'dan', groups: undefined, org: 'cc' }, 'open');
    expect(optional).toMatchObject({ status: 201, body: { tenantId: 'cc' } });
    expect(decodeJwt(optional.body.accessToken)['scp']).toEqual([]);
  });

  it('does without a name or address, and takes neither for an identity', async () => {
    const one = await exchange({ sub: 'eve', email: 'same@example.com' });
    const other = await exchange({ sub: 'eva', email: 'same@example.com', name: 'a\u0000b' });
    expect(one.body.principalId).not.toBe(other.body.principalId);
    expect((await principal(one.body.principalId)).body.name).toBe('same@example.com');
    expect((await principal(other.body.principalId)).body.name).toBe('a b');
    const bare = await exchange({ sub: 'fay' });
    expect((await principal(bare.body.principalId)).body.name).toBe('fay');
  });

  it('refuses whom an administrator disabled, also a refresh', async () => {
    const { principalId, refreshToken = '' } = (await exchange({ sub: 'gus' })).body;
    const [as, params] = [{ tid: 'aa' }, { principalId }];
    await app.auth.call(authRoutes.updatePrincipal, { as, params, body: { status: 'disabled' } });
    expect(await exchange({ sub: 'gus' })).toMatchObject({
      status: 403,
      body: { code: 'auth.login_principal_disabled' },
    });
    expect(await app.auth.call(authRoutes.refreshLogin, { body: { refreshToken } })).toMatchObject({
      status: 403,
      body: { code: 'auth.login_principal_disabled' },
    });
    expect((await app.audit('aa', 'login.refused'))[0]).toMatchObject({
      details: { reason: 'auth.login_principal_disabled', subject: 'gus', issuer: app.provider.issuer },
    });
  });

  it('never lets a provider speak for a tenant that is not its own', async () => {
    expect((await exchange({ sub: 'hal', org: 'bb' }, 'shared')).body.tenantId).toBe('bb');
    expect((await exchange({ sub: 'hal', org: 'bb' })).body.tenantId).toBe('aa');
    for (const org of ['aa', 'cc', 'platform', 'BB', '*', undefined, ['bb'], 'nowhere']) {
      const refused = await exchange({ sub: 'hal', org }, 'shared');
      expect(refused).toMatchObject({ status: 403, body: { code: 'auth.login_tenant_refused' } });
    }
    const platform = await exchange({ sub: 'hal', org: 'platform' }, 'open');
    expect(platform).toMatchObject({ status: 403, body: { code: 'auth.login_tenant_refused' } });
    expect((await app.audit('platform', 'login.refused')).length).toBeGreaterThanOrEqual(9);
  });

  it('keeps the same subject in two tenants apart', async () => {
    const [inAa, inBb] = [await exchange({ sub: 'ida' }), await exchange({ sub: 'ida', org: 'bb' }, 'shared')];
    expect(inAa.body.principalId).not.toBe(inBb.body.principalId);
    expect((await principal(inAa.body.principalId, 'bb')).status).toBe(404);
    expect((await principal(inBb.body.principalId, 'bb')).status).toBe(200);
  });

  it('gives rights over all tenants only where the mapping of the platform’s own provider says so', async () => {
    expect(await exchange({ sub: 'joe', groups: ['staff'] }, 'ops')).toMatchObject({
      status: 403,
      body: { code: 'auth.login_no_role' },
    });
    const root = await exchange({ sub: 'joe', groups: ['root'] }, 'ops');
    expect(root.body.tenantId).toBe('platform');
    expect(decodeJwt(root.body.accessToken)['scp']).toContain('tenants:write');
    expect((await principal(root.body.principalId, 'platform')).body.groupBindings).toEqual([
      { role: 'platform-admin', tenantId: '*', environment: '*' },
    ]);
  });

  it('refuses those of a suspended tenant', async () => {
    await app.auth.call(authRoutes.updateTenant, { params: { tenantId: 'cc' }, body: { status: 'suspended' } });
    const refused = await exchange({ sub: 'kim', org: 'cc' }, 'open');
    expect(refused).toMatchObject({ status: 403, body: { code: 'auth.login_tenant_suspended' } });
  });

  it('makes one user of two first logins at once', async () => {
    const all = await Promise.all(['1', '2', '3', '4'].map((jti) => exchange({ sub: 'lee', jti })));
    expect(all.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(all.map(({ body }) => body.principalId)).size).toBe(1);
  });

  it('writes a bounded number of refusals a minute into a chain', async () => {
    await app.exchange('a.b.c');
    const before = (await app.audit('aa', 'login.refused')).length;
    for (let i = 0; i < 150; i += 1) await app.exchange('a.b.c');
    const { body } = await app.auth.call(authRoutes.listAudit, {
      as: { tid: 'aa' },
      query: { action: 'login.refused', pageSize: '500' },
    });
    expect(body.items.length - before).toBeLessThanOrEqual(120);
  });
});
