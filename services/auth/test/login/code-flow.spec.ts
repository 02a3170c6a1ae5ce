import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authRoutes } from '@myriad/contracts';
import { decodeJwt } from 'jose';
import { LoginApp } from './login-app.js';
import { REDIRECT_URI, SECRET } from './test-provider.js';

describe('login by authorization code and PKCE', () => {
  let app: LoginApp;
  beforeAll(async () => {
    app = await LoginApp.start();
  });
  afterAll(() => app.close());

  const finish = (body: object) => app.auth.call(authRoutes.finishLogin, { body });

  it('names the providers that are listed, and others to whom knows them', async () => {
    const { body } = await app.auth.call(authRoutes.listLoginProviders);
    expect(body.items.map(({ provider }) => provider)).toEqual(['corp', 'open', 'ops']);
    const one = await app.auth.call(authRoutes.getLoginProvider, { params: { provider: 'shared' } });
    expect(one.body).toMatchObject({ issuer: app.provider.issuer, device: { clientId: 'cli' } });
    expect(JSON.stringify([body, one.body])).not.toContain(SECRET);
    const none = await app.auth.call(authRoutes.getLoginProvider, { params: { provider: 'none' } });
    expect(none).toMatchObject({ status: 404, body: { code: 'auth.login_provider_unknown' } });
  });

  it('makes a user of the provider’s tenant at the first login and finds it again at the next', async () => {
    const first = await app.login();
    expect(first).toMatchObject({ status: 201, body: { tenantId: 'aa' } });
    const { principalId } = first.body;
    const { data } = await app.auth.event('auth.principal-changed.v1', { principalId });
    expect(data).toMatchObject({
      name: 'Ann',
      kind: 'user',
      homeTenantId: 'aa',
      bindings: [{ role: 'data-scientist', tenantId: 'aa', environment: '*' }],
    });
    expect(decodeJwt(first.body.accessToken)).toMatchObject({ sub: principalId, htid: 'aa', iss: 'myriad' });
    expect(decodeJwt(first.body.accessToken)['scp']).toContain('jobs:write');
    expect(decodeJwt(first.body.accessToken)['scp']).not.toContain('tenants:write');
    expect((await app.login()).body.principalId).toBe(principalId);
    expect(await app.audit('aa', 'login.succeeded')).toHaveLength(2);
  });

  it('sends the browser nowhere but to a configured address', async () => {
    const codeChallenge = 'a'.repeat(43);
    for (const redirectUri of ['https://evil.example/', `${REDIRECT_URI}/..`, `${REDIRECT_URI}?x=1`]) {
      const answer = await app.auth.call(authRoutes.startLogin, {
        body: { provider: 'corp', redirectUri, codeChallenge },
      });
      expect(answer).toMatchObject({ status: 400, body: { code: 'auth.redirect_not_allowed' } });
    }
    const url = new URL((await app.authorize()).started.authorizationUrl);
    expect(url.origin).toBe(app.provider.issuer);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      code_challenge_method: 'S256',
      redirect_uri: REDIRECT_URI,
      scope: 'openid profile email',
    });
  });

  it('takes state and code once', async () => {
    const { started: _, ...answer } = await app.authorize();
    expect((await finish(answer)).status).toBe(201);
    expect(await finish(answer)).toMatchObject({ status: 401, body: { code: 'auth.login_state_invalid' } });
    const other = await app.authorize();
    const replayed = { ...answer, state: other.state, codeVerifier: other.codeVerifier };
    expect(await finish(replayed)).toMatchObject({ status: 401, body: { code: 'auth.login_code_refused' } });
  });

  it('is finished only by whoever began it, and not with the answer of another provider', async () => {
    const { started: _, ...answer } = await app.authorize();
    expect(await finish({ ...answer, codeVerifier: 'v'.repeat(43) })).toMatchObject({
      status: 401,
      body: { code: 'auth.login_state_invalid' },
    });
    const { started: __, ...mixed } = await app.authorize();
    expect(await finish({ ...mixed, iss: 'https://other.example' })).toMatchObject({
      status: 401,
      body: { code: 'auth.login_code_refused' },
    });
    const { started: ___, iss: ____, ...silent } = await app.authorize();
    expect((await finish(silent)).body.code).toBe('auth.login_code_refused');
  });

  it('is too late after ten minutes', async () => {
    const { started: _, ...answer } = await app.authorize();
    app.auth.clock.advance(600_001);
    expect((await finish(answer)).body.code).toBe('auth.login_state_invalid');
    app.auth.clock.advance(-600_001);
  });

  it('refuses an ID token with another nonce', async () => {
    const { started: _, ...answer } = await app.authorize('ann', 'corp', (url) => {
      url.searchParams.set('nonce', 'of-another-login');
    });
    const refused = await finish(answer);
    expect(refused).toMatchObject({ status: 401, body: { code: 'auth.id_token_invalid' } });
    expect(refused.body.detail).toContain('nonce');
    const records = await app.audit('aa', 'login.refused');
    expect(records[0]).toMatchObject({ actor: 'anonymous', details: { reason: 'auth.id_token_invalid' } });
    expect(JSON.stringify(records)).not.toMatch(/eyJ|mrt_/);
  });

  it('keeps nothing of a token or secret in the database', async () => {
    const { body } = await app.login();
    const text = JSON.stringify(
      await app.auth.uow.runAcrossTenants('a test looks', async (tx) => {
        const tables = [
          'login_session',
          'login_attempt',
          'spent_id_token',
          'external_identity',
          'audit_record',
          'outbox',
        ];
        const rows: unknown[] = [];
        for (const table of tables) rows.push(await tx.query(`SELECT * FROM ${table}`));
        return rows;
      }),
    );
    expect(text).toContain(body.principalId);
    for (const secret of [body.accessToken, body.refreshToken!, SECRET]) expect(text).not.toContain(secret);
  });
});
