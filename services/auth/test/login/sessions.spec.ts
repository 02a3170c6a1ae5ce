import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authRoutes } from '@myriad/contracts';
import { systemContext, type TenantId } from '@myriad/kernel';
import { ExpireLogins } from '../../src/application/expire-logins.js';
import { LoginApp } from './login-app.js';

describe('a login that holds', () => {
  let app: LoginApp;
  beforeAll(async () => {
    app = await LoginApp.start();
  });
  afterAll(() => app.close());

  const open = async (sub: string, org?: string) =>
    (await app.exchange(await app.idToken({ sub, org }), org === undefined ? 'corp' : 'shared')).body;
  const refresh = (refreshToken = '') => app.auth.call(authRoutes.refreshLogin, { body: { refreshToken } });
  const refused = { status: 401, body: { code: 'auth.refresh_token_invalid' } };

  it('gives a new token and a new refresh token, of the same person in the same tenant', async () => {
    const login = await open('ann', 'bb');
    const next = await refresh(login.refreshToken);
    expect(next).toMatchObject({ status: 200, body: { principalId: login.principalId, tenantId: 'bb' } });
    expect(next.body.refreshToken).not.toBe(login.refreshToken);
    expect(next.body.sessionExpiresAt).toBe(login.sessionExpiresAt);
    expect((await refresh(next.body.refreshToken)).status).toBe(200);
  });

  it('bears a refresh that is repeated at once, and ends when the token comes again later', async () => {
    const login = await open('bob');
    const next = (await refresh(login.refreshToken)).body;
    const repeated = await refresh(login.refreshToken);
    expect(repeated.status).toBe(200);
    expect(repeated.body).not.toHaveProperty('refreshToken');
    app.auth.clock.advance(30_001);
    expect(await refresh(login.refreshToken)).toMatchObject(refused);
    expect(await refresh(next.refreshToken)).toMatchObject(refused);
    expect(await app.audit('aa', 'login.token-reused')).toHaveLength(1);
  });

  it('ends by logout, and once only', async () => {
    const { refreshToken = '' } = await open('cid');
    const body = { refreshToken };
    expect((await app.auth.call(authRoutes.endLogin, { body })).status).toBe(204);
    expect((await app.auth.call(authRoutes.endLogin, { body })).status).toBe(204);
    expect(await refresh(refreshToken)).toMatchObject(refused);
    expect(await app.audit('aa', 'login.ended')).toHaveLength(1);
    expect(await refresh('mrt_aaaaaaaa_nothing')).toMatchObject(refused);
  });

  it('ends after its time, and is forgotten by the sweep, in each tenant', async () => {
    const [inAa, inBb] = [await open('dan'), await open('dan', 'bb')];
    app.auth.clock.advance(28_800_000);
    expect(await refresh(inAa.refreshToken)).toMatchObject(refused);
    await app.auth.app.get(ExpireLogins).execute();
    for (const tenantId of ['aa', 'bb'] as TenantId[]) {
      const rows = await app.auth.uow.run(systemContext('auth', tenantId), (tx) =>
        tx.query('SELECT FROM login_session'),
      );
      expect(rows).toEqual([]);
    }
    expect(await refresh(inBb.refreshToken)).toMatchObject(refused);
  });
});
