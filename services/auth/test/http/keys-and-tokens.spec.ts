import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authRoutes } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { Client } from 'pg';
import { apiKeyOf } from '../../src/domain/api-key.js';
import { AuthApp } from '../auth-app.js';

describe('keys and tokens', () => {
  let auth: AuthApp;
  const bodies: Record<string, { principalId: string }> = {};
  beforeAll(async () => {
    auth = await AuthApp.start();
    for (const tenantId of ['aa', 'bb']) {
      await auth.call(authRoutes.createTenant, { body: { tenantId, displayName: tenantId } });
      const bindings = [{ role: 'predictor', tenantId, environment: '*' }];
      const body = { kind: 'service-account', name: 'app', bindings };
      const made = await auth.call(authRoutes.createPrincipal, { as: { tid: tenantId }, body });
      bodies[tenantId] = { principalId: made.body.principalId };
    }
  });
  afterAll(() => auth.close());

  const issue = (tid: string, more: object = {}) =>
    auth.call(authRoutes.createKey, { as: { tid }, body: { ...bodies[tid], ...more } });

  async function databaseText(): Promise<string> {
    const client = new Client({ connectionString: auth.testDatabase.adminUrl });
    await client.connect();
    const tables = ['api_key', 'outbox', 'idempotency', 'audit_record', 'signing_key'];
    const rows: unknown[] = [];
    for (const table of tables) rows.push((await client.query(`SELECT * FROM ${table}`)).rows);
    await client.end();
    return JSON.stringify(rows);
  }

  describe('a key', () => {
    it('is shown once and stored only as a hash', async () => {
      const { status, body } = await issue('aa', { scopes: ['predictions:invoke'] });
      expect(status).toBe(201);
      const { hash, prefix } = apiKeyOf(body.key);
      const { data } = await auth.event('auth.key-changed.v1', { keyId: body.keyId });
      expect(data).toMatchObject({ hash, prefix, scopes: ['predictions:invoke'], revokedAt: null });
      const listed = await auth.call(authRoutes.listKeys, { as: { tid: 'aa' }, query: { prefix: prefix.slice(0, 5) } });
      expect(listed.body.items).toEqual([expect.objectContaining({ keyId: body.keyId, prefix })]);
      expect(JSON.stringify(listed.body)).not.toContain(hash);
      expect(await databaseText()).not.toContain(body.key.split('_')[2]);
    });

    it('of another tenant is neither seen nor revoked', async () => {
      const { body } = await issue('bb');
      const params = { keyId: body.keyId };
      expect(await auth.call(authRoutes.revokeKey, { as: { tid: 'aa' }, params })).toMatchObject({
        status: 404,
        body: { code: 'auth.key_not_found' },
      });
      const listed = await auth.call(authRoutes.listKeys, { as: { tid: 'aa' }, query: { prefix: body.prefix } });
      expect(listed.body.items).toEqual([]);
      expect(await auth.call(authRoutes.createKey, { as: { tid: 'aa' }, body: bodies['bb'] })).toMatchObject({
        status: 404,
        body: { code: 'auth.principal_not_found' },
      });
    });

    it('is revoked once; the event is in the log within a second', async () => {
      const { keyId } = (await issue('aa')).body;
      const params = { keyId };
      const startedMs = Date.now();
      const first = await auth.call(authRoutes.revokeKey, { as: { tid: 'aa' }, params });
      const { data } = await auth.event('auth.key-changed.v1', { keyId, revokedAt: first.body.revokedAt });
      expect(Date.now() - startedMs).toBeLessThan(1000);
      expect(data['revokedAt']).not.toBeNull();
      auth.clock.advance(1000);
      const second = await auth.call(authRoutes.revokeKey, { as: { tid: 'aa' }, params });
      expect(second.body.revokedAt).toBe(first.body.revokedAt);
    });

    it('does not begin expired', async () => {
      const expiresAt = new Date(auth.clock.nowMs()).toISOString();
      expect(await issue('aa', { expiresAt })).toMatchObject({ status: 400, body: { code: 'auth.expiry_past' } });
    });

    it('is not issued by a key with fewer scopes', async () => {
      const as = { tid: 'aa', perms: ['keys:write', 'models:read'] };
      const refused = await auth.call(authRoutes.createKey, { as, body: bodies['aa'] });
      expect(refused).toMatchObject({ status: 403, body: { code: 'auth.privilege_escalation' } });
      const narrow = { ...bodies['aa'], scopes: ['models:read'] };
      expect((await auth.call(authRoutes.createKey, { as, body: narrow })).status).toBe(201);
    });
  });

  describe('a token', () => {
    const jwks = async () => (await fetch(`${auth.url}/.well-known/jwks.json`)).json() as Promise<JSONWebKeySet>;
    const announcedKeys = (count: number) =>
      eventually(async () => {
        expect((await auth.event('auth.signing-keys-changed.v1')).data['keys']).toHaveLength(count);
      });
    const verify = async (token: string) =>
      jwtVerify(token, createLocalJWKSet(await jwks()), {
        issuer: 'myriad',
        audience: 'myriad',
        currentDate: new Date(auth.clock.nowMs()),
      });

    it('is an ES256 JWT that holds what the caller may do, and no more', async () => {
      const { status, body } = await auth.call(authRoutes.createToken, {
        as: { sub: bodies['aa']!.principalId, htid: 'aa', tid: 'aa', perms: ['models:read'], cid: 'key_1' },
        body: {},
      });
      expect(status).toBe(201);
      const { payload, protectedHeader } = await verify(body.accessToken);
      expect(protectedHeader.alg).toBe('ES256');
      expect(payload).toMatchObject({ sub: bodies['aa']!.principalId, htid: 'aa', scp: ['models:read'], cid: 'key_1' });
      expect(new Date(payload.exp! * 1000).toISOString()).toBe(body.expiresAt);
    });

    it('of a rotated key verifies until it expires; then the key is gone from the JWKS', async () => {
      const old = (await auth.call(authRoutes.createToken, { body: {} })).body.accessToken;
      const rotated = await auth.call(authRoutes.rotateSigningKey);
      expect(rotated.status).toBe(201);
      await announcedKeys(2);
      auth.clock.advance(2000);
      const next = (await auth.call(authRoutes.createToken, { body: {} })).body.accessToken;
      expect((await verify(next)).protectedHeader.kid).toBe(rotated.body.kid);
      expect((await verify(old)).protectedHeader.kid).not.toBe(rotated.body.kid);
      await eventually(async () => {
        auth.clock.advance(100_000);
        expect((await jwks()).keys.map((key) => key.kid)).toEqual([rotated.body.kid]);
      });
      await announcedKeys(1);
      await expect(verify(old)).rejects.toThrow();
    });

    it('is signed by a key that is sealed in the database', async () => {
      expect(await databaseText()).not.toMatch(/PRIVATE KEY|"d":/);
    });
  });
});
