import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { principalChangedV1 } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { GatewayApp } from '../gateway-app.js';

describe('the gateway lets in', () => {
  let gateway: GatewayApp;
  beforeAll(async () => {
    gateway = await GatewayApp.start();
    await gateway.tenant('aa');
    await gateway.tenant('bb');
  });
  afterAll(() => gateway.close());

  const list = (key: string | undefined, headers = {}) =>
    gateway.send('GET', '/v1/models', { headers, ...(key === undefined ? {} : { key }) });

  describe('a key', () => {
    it('of a principal with a role, and tells the service who it is', async () => {
      const { key, principalId } = await gateway.principal('aa', [['viewer', 'aa']]);
      const answer = await list(key);
      expect(answer.status).toBe(200);
      expect(answer.headers['x-from']).toBe('service');
      const { claims } = await gateway.lastCaller();
      expect(claims).toMatchObject({
        sub: principalId,
        knd: 'service-account',
        tid: 'aa',
        htid: 'aa',
        env: 'production',
      });
      expect(claims.perms).toContain('models:read');
      expect(gateway.service.seen.at(-1)?.headers['x-request-id']).toBe(answer.headers['x-request-id']);
    });

    it('in X-Api-Key as well, but not in both headers', async () => {
      const { key } = await gateway.principal('aa', [['viewer', 'aa']]);
      expect((await list(undefined, { 'x-api-key': key })).status).toBe(200);
      expect((await list(key, { 'x-api-key': key })).body.code).toBe('gateway.two_credentials');
    });

    it('but nobody without one, and nothing that is none', async () => {
      const forwarded = gateway.service.seen.length;
      const none = await list(undefined);
      expect(none).toMatchObject({ status: 401, body: { code: 'gateway.credential_missing' } });
      expect(none.headers['www-authenticate']).toBe('Bearer');
      const unknown = `myr_aaaaaaaa_${'a'.repeat(40)}`;
      for (const wrong of [unknown, 'myr_short', 'myr_', 'garbage']) expect((await list(wrong)).status).toBe(401);
      expect((await list(unknown)).body.code).toBe('gateway.key_invalid');
      expect(gateway.service.seen).toHaveLength(forwarded);
    });

    it('but not one whose secret is wrong, though its prefix is known', async () => {
      const { key } = await gateway.principal('aa', [['viewer', 'aa']]);
      const last = key.endsWith('a') ? 'b' : 'a';
      expect((await list(key.slice(0, -1) + last)).body.code).toBe('gateway.key_invalid');
    });

    it('that was issued a moment ago, though the news of it is still on its way', async () => {
      const { principalId } = await gateway.principal('aa', [['viewer', 'aa']]);
      const { key, keyId } = gateway.newKey();
      const pending = list(key);
      await new Promise((resolve) => setImmediate(resolve));
      await gateway.publishKey('aa', principalId, key, { keyId });
      expect((await pending).status).toBe(200);
    });

    it('until it expires', async () => {
      const expiresAt = new Date(Date.now() + 150).toISOString();
      const { key } = await gateway.principal('aa', [['viewer', 'aa']], { expiresAt });
      expect((await list(key)).status).toBe(200);
      await eventually(async () => {
        expect((await list(key)).body.code).toBe('gateway.key_expired');
      });
    });

    it('until it is revoked: within a second, and for good', async () => {
      const { key, principalId, keyId } = await gateway.principal('aa', [['viewer', 'aa']]);
      expect((await list(key)).status).toBe(200);
      const startedMs = Date.now();
      await gateway.publishKey('aa', principalId, key, { keyId, revokedAt: new Date().toISOString() });
      await eventually(async () => {
        expect((await list(key)).body.code).toBe('gateway.key_revoked');
      });
      expect(Date.now() - startedMs).toBeLessThan(1000);
      // What was published before comes again; the other key comes after it, in the same partition.
      await gateway.publishKey('aa', principalId, key, { keyId });
      await gateway.key('aa', principalId);
      expect((await list(key)).body.code).toBe('gateway.key_revoked');
    });

    it('until its principal is disabled or loses its role', async () => {
      const { key, principalId } = await gateway.principal('aa', [['viewer', 'aa']]);
      const data = { ...principalChangedV1.example, principalId, homeTenantId: 'aa', bindings: [] };
      await gateway.publish(principalChangedV1, 'aa', { ...data, generation: 2 });
      await eventually(async () => {
        expect((await list(key)).body.code).toBe('gateway.permission_missing');
      });
      await gateway.publish(principalChangedV1, 'aa', { ...data, generation: 3, status: 'disabled' });
      await eventually(async () => {
        expect((await list(key)).body.code).toBe('gateway.principal_disabled');
      });
    });

    it('with no more than its scopes', async () => {
      const { key } = await gateway.principal('aa', [['tenant-admin', 'aa']], { scopes: ['datasets:read'] });
      expect((await list(key)).body.code).toBe('gateway.permission_missing');
      expect((await gateway.send('GET', '/v1/datasets', { key })).status).toBe(200);
      expect((await gateway.lastCaller()).claims.perms).toEqual(['datasets:read']);
    });
  });

  describe('a token', () => {
    it('that auth signed, with no more than its scopes', async () => {
      const { principalId } = await gateway.principal('aa', [['viewer', 'aa']]);
      const token = await gateway.userToken(principalId, ['models:read', 'tenants:write']);
      expect((await list(token)).status).toBe(200);
      expect((await gateway.lastCaller()).claims.perms).toEqual(['models:read']);
      expect((await gateway.send('GET', '/v1/datasets', { key: token })).body.code).toBe('gateway.permission_missing');
      const none = await gateway.userToken(principalId, []);
      expect((await list(none)).body.code).toBe('gateway.permission_missing');
    });

    it('but not one that expired, was changed, is unsigned, or is signed by another key', async () => {
      const { principalId } = await gateway.principal('aa', [['viewer', 'aa']]);
      const expired = await gateway.userToken(principalId, ['models:read'], {
        exp: Math.floor(Date.now() / 1000) - 30,
      });
      expect((await list(expired)).body.code).toBe('gateway.token_expired');
      const token = await gateway.userToken(principalId, ['models:read']);
      const [head, payload, signature] = token.split('.') as [string, string, string];
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
      const forged = Buffer.from(JSON.stringify({ ...claims, scp: ['tenants:write'] })).toString('base64url');
      const none = Buffer.from('{"alg":"none"}').toString('base64url');
      for (const wrong of [`${head}.${forged}.${signature}`, `${none}.${payload}.`, `${head}.${payload}.`])
        expect((await list(wrong)).body.code).toBe('gateway.token_invalid');
      const otherKid = await gateway.userToken(principalId, ['models:read'], { kid: 'other' });
      expect((await list(otherKid)).body.code).toBe('gateway.token_invalid');
    });

    it('until the key that it was got with is revoked', async () => {
      const { key, principalId, keyId } = await gateway.principal('aa', [['viewer', 'aa']]);
      const token = await gateway.userToken(principalId, ['models:read'], { cid: keyId });
      expect((await list(token)).status).toBe(200);
      expect((await gateway.lastCaller()).claims.cid).toBe(keyId);
      await gateway.publishKey('aa', principalId, key, { keyId, revokedAt: new Date().toISOString() });
      await eventually(async () => {
        expect((await list(token)).body.code).toBe('gateway.key_revoked');
      });
    });

    it('but never an internal one', async () => {
      const { key } = await gateway.principal('aa', [['viewer', 'aa']]);
      await list(key);
      const internal = gateway.service.seen.at(-1)!.headers.authorization!.replace('Bearer ', '');
      expect((await list(internal)).body.code).toBe('gateway.token_invalid');
    });
  });

  describe('a tenant', () => {
    it('that the header names, when the principal has a role there', async () => {
      const { key } = await gateway.principal('aa', [
        ['viewer', 'aa'],
        ['predictor', 'bb'],
      ]);
      expect((await list(key, { 'x-myriad-tenant': 'bb' })).status).toBe(200);
      const { claims } = await gateway.lastCaller();
      expect(claims).toMatchObject({ tid: 'bb', htid: 'aa' });
      expect(claims.perms).not.toContain('audit:read');
    });

    it.each([
      ['another one', 'bb', 403, 'gateway.tenant_forbidden'],
      ['one that is none, told apart from no other', 'nobody', 403, 'gateway.tenant_forbidden'],
      ['every one', '*', 403, 'gateway.tenant_forbidden'],
      ['two', 'aa, bb', 403, 'gateway.tenant_forbidden'],
    ])('but not %s', async (_name, tenant, status, code) => {
      const { key } = await gateway.principal('aa', [['tenant-admin', 'aa']]);
      expect(await list(key, { 'x-myriad-tenant': tenant })).toMatchObject({ status, body: { code } });
    });

    it('that is known, for who may act in all', async () => {
      const { key } = await gateway.principal('platform', [['platform-admin', '*']]);
      expect((await list(key, { 'x-myriad-tenant': 'bb' })).status).toBe(200);
      expect(await list(key, { 'x-myriad-tenant': 'nobody' })).toMatchObject({
        status: 404,
        body: { code: 'gateway.tenant_unknown' },
      });
    });

    it('that was made a moment ago', async () => {
      const { key } = await gateway.principal('platform', [['platform-admin', '*']]);
      const pending = list(key, { 'x-myriad-tenant': 'young' });
      await gateway.tenant('young');
      expect((await pending).status).toBe(200);
    });

    it('that is not suspended, neither the acting one nor the home', async () => {
      await gateway.tenant('cc');
      const { key } = await gateway.principal('cc', [
        ['viewer', 'cc'],
        ['viewer', 'aa'],
      ]);
      const platform = await gateway.principal('platform', [['platform-admin', '*']]);
      expect((await list(key)).status).toBe(200);
      expect((await list(platform.key, { 'x-myriad-tenant': 'cc' })).status).toBe(200);
      await gateway.tenant('cc', { status: 'suspended', generation: 2 });
      await eventually(async () => {
        expect((await list(key)).body.code).toBe('gateway.tenant_suspended');
      });
      expect((await list(key, { 'x-myriad-tenant': 'aa' })).body.code).toBe('gateway.tenant_suspended');
      expect((await list(platform.key, { 'x-myriad-tenant': 'cc' })).body.code).toBe('gateway.tenant_suspended');
    });

    it('by the role of its environment', async () => {
      const { key } = await gateway.principal('aa', [['viewer', 'aa', 'research']]);
      expect((await list(key)).body.code).toBe('gateway.permission_missing');
      expect((await list(key, { 'x-myriad-environment': 'research' })).status).toBe(200);
      expect((await gateway.lastCaller()).claims.env).toBe('research');
      expect((await list(key, { 'x-myriad-environment': 'moon' })).body.code).toBe('gateway.environment_unknown');
    });
  });

  it('the platform alone where a route belongs to it', async () => {
    const { key } = await gateway.principal('platform', [['platform-admin', '*']]);
    const body = '{}';
    expect((await gateway.send('POST', '/v1/tenants', { key, body })).status).toBe(200);
    const refused = await gateway.send('POST', '/v1/tenants', { key, body, headers: { 'x-myriad-tenant': 'aa' } });
    expect(refused.body.code).toBe('gateway.platform_scope_required');
  });

  it('anyone where a route is public, without a token for the service', async () => {
    expect((await gateway.send('GET', '/.well-known/jwks.json', { key: 'anything' })).status).toBe(200);
    expect(gateway.service.seen.at(-1)?.headers.authorization).toBeUndefined();
  });
});
