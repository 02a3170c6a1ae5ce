import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authRoutes } from '@myriad/contracts';
import { exportJWK, generateKeyPair } from 'jose';
import { LoginApp } from './login-app.js';
import { REDIRECT_URI } from './test-provider.js';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('an ID token', () => {
  let app: LoginApp;
  beforeAll(async () => {
    app = await LoginApp.start();
  });
  afterAll(() => app.close());

  const seconds = () => Math.floor(app.auth.clock.nowMs() / 1000);
  async function expectRefused(token: string, what: string): Promise<void> {
    const { status, body } = await app.exchange(token);
    expect([status, body.code, body.detail]).toEqual([
      401,
      'auth.id_token_invalid',
      `the ID token is refused: its ${what} does not hold`,
    ]);
  }

  it('is good for a login, once, however its signature is written', async () => {
    const token = await app.idToken();
    expect((await app.exchange(token)).status).toBe(201);
    expect(await app.exchange(token)).toMatchObject({ status: 401, body: { code: 'auth.id_token_spent' } });
    // The last of 86 characters carries two bits that a decoder does not look at.
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
      expect((await app.exchange(token.slice(0, -1) + last)).status).toBe(401);
  });

  it.each([
    ['of another issuer', { iss: 'https://elsewhere.example' }, 'iss'],
    ['for another client', { aud: 'someone-else' }, 'aud'],
    ['for the workbench, carried to the exchange', { aud: 'workbench' }, 'aud'],
    ['for several clients without saying which asked', { aud: ['cli', 'other'] }, 'azp'],
    ['that another client asked for', { aud: ['cli', 'other'], azp: 'other' }, 'azp'],
    ['without a subject', { sub: undefined }, 'sub'],
    ['with an empty subject', { sub: '' }, 'sub'],
    ['without an expiry', { exp: undefined }, 'exp'],
    ['without a time of issue', { iat: undefined }, 'iat'],
  ])('is refused %s', async (_, claims, what) => {
    await expectRefused(await app.idToken(claims), what);
  });

  it('may be off by the allowed skew of clocks, and by no more', async () => {
    const now = seconds();
    expect((await app.exchange(await app.idToken({ exp: now - 25 }))).status).toBe(201);
    await expectRefused(await app.idToken({ exp: now - 35 }), 'exp');
    expect((await app.exchange(await app.idToken({ nbf: now + 25 }))).status).toBe(201);
    await expectRefused(await app.idToken({ nbf: now + 35 }), 'nbf');
    expect((await app.exchange(await app.idToken({ iat: now + 25 }))).status).toBe(201);
    await expectRefused(await app.idToken({ iat: now + 35 }), 'iat');
    await expectRefused(await app.idToken({ iat: now - 700, exp: now + 300 }), 'iat');
  });

  it('is refused with an algorithm that is not allowed, none and HMAC with the public key among them', async () => {
    const now = seconds();
    const claims = { iss: app.provider.issuer, aud: 'cli', sub: 'ann', iat: now, exp: now + 60, groups: ['staff'] };
    await expectRefused(`${part({ alg: 'none' })}.${part(claims)}.`, 'alg');
    for (const secret of [JSON.stringify(app.provider.publicJwk), app.provider.publicJwk.x!]) {
      const signed = `${part({ alg: 'HS256', kid: 'first' })}.${part(claims)}`;
      const mac = createHmac('sha256', secret).update(signed).digest('base64url');
      await expectRefused(`${signed}.${mac}`, 'alg');
    }
    for (const text of ['a', 'a.b', 'a.b.c', `${part({ alg: 'ES256' })}.${part(claims)}.AAAA`])
      expect(await app.exchange(text)).toMatchObject({ status: 401, body: { code: 'auth.id_token_invalid' } });
  });

  it('is refused when another key signed it, or it was changed', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const foreign = { ...(await exportJWK(privateKey)), kid: 'first' };
    await expectRefused(await app.provider.sign({}, app.auth.clock.nowMs(), foreign), 'signature');
    const [head, , signature] = (await app.idToken()).split('.');
    const claims = { iss: app.provider.issuer, aud: 'cli', sub: 'root', iat: seconds(), exp: seconds() + 60 };
    await expectRefused(`${head!}.${part(claims)}.${signature!}`, 'signature');
  });
});

describe('the keys of a provider', () => {
  let app: LoginApp;
  beforeAll(async () => {
    app = await LoginApp.start();
  });
  afterAll(() => app.close());

  it('are fetched once, and once again for a key id that is new', async () => {
    for (let i = 0; i < 3; i += 1) expect((await app.exchange(await app.idToken())).status).toBe(201);
    expect(app.provider.keyFetches).toBe(1);
    const old = app.provider.signingKey;
    await app.provider.rotateKey('second');
    app.auth.clock.advance(30_000);
    expect((await app.exchange(await app.idToken())).status).toBe(201);
    expect(app.provider.keyFetches).toBe(2);
    const late = await app.provider.sign({ jti: 'late' }, app.auth.clock.nowMs(), old);
    expect((await app.exchange(late)).body.detail).toContain('kid');
  });

  it('are not fetched more often because of made-up key ids', async () => {
    const before = app.provider.keyFetches;
    app.auth.clock.advance(30_000);
    const key = { ...app.provider.signingKey, kid: 'made-up' };
    for (let i = 0; i < 5; i += 1)
      await app.exchange(await app.provider.sign({ jti: String(i) }, app.auth.clock.nowMs(), key));
    expect(app.provider.keyFetches).toBe(before + 1);
  });

  it('are fetched again after five minutes, so that one that was taken out is refused', async () => {
    const old = app.provider.signingKey;
    await app.provider.rotateKey('third');
    const known = await app.provider.sign({ jti: 'known' }, app.auth.clock.nowMs(), old);
    expect((await app.exchange(known)).status).toBe(201);
    app.auth.clock.advance(300_000);
    const late = await app.provider.sign({ jti: 'late-2' }, app.auth.clock.nowMs(), old);
    expect((await app.exchange(late)).body.detail).toContain('kid');
  });

  it('hold on while the provider is away; what needs it is refused as unavailable', async () => {
    expect((await app.exchange(await app.idToken())).status).toBe(201);
    const { started: _, ...answer } = await app.authorize();
    await app.provider.close();
    app.auth.clock.advance(301_000);
    expect((await app.exchange(await app.idToken())).status).toBe(201);
    const refused = await app.auth.call(authRoutes.finishLogin, { body: answer });
    expect(refused).toMatchObject({ status: 503, body: { code: 'auth.login_provider_unavailable' } });
    app.auth.clock.advance(86_400_000);
    expect((await app.exchange(await app.idToken())).status).toBe(503);
    const codeChallenge = 'a'.repeat(43);
    const body = { provider: 'shared', redirectUri: REDIRECT_URI, codeChallenge };
    const started = await app.auth.call(authRoutes.startLogin, { body });
    expect(started).toMatchObject({ status: 503, body: { code: 'auth.login_provider_unavailable' } });
  });
});
