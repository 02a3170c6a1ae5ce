import { readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BootstrapPlatform } from '../src/application/bootstrap-platform.js';
import { apiKeyOf } from '../src/domain/api-key.js';
import { AuthApp } from './auth-app.js';

describe('AppModule', () => {
  let auth: AuthApp;
  beforeAll(async () => {
    auth = await AuthApp.start();
  });
  afterAll(() => auth.close());

  it('compiles, listens, and needs a token behind its public routes', async () => {
    expect((await fetch(`${auth.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${auth.url}/.well-known/jwks.json`)).status).toBe(200);
    expect((await fetch(`${auth.url}/v1/tenants`)).status).toBe(401);
  });

  it('makes the platform, its administrator and a signing key at the first start', async () => {
    expect((await auth.event('auth.tenant-changed.v1')).data).toMatchObject({ tenantId: 'platform', status: 'active' });
    expect((await auth.event('auth.principal-changed.v1')).data).toMatchObject({
      name: 'administrator',
      bindings: [expect.objectContaining({ role: 'platform-admin', tenantId: '*', environment: '*' })],
    });
    expect((await auth.event('auth.signing-keys-changed.v1')).data['keys']).toHaveLength(1);
  });

  it("writes the administrator's key once, for its owner alone, and stores but its hash", async () => {
    const text = await auth.bootstrapKey();
    expect((await stat(auth.bootstrapKeyFile)).mode & 0o777).toBe(0o600);
    const { data } = await auth.event('auth.key-changed.v1');
    expect(data).toMatchObject({ hash: apiKeyOf(text).hash, prefix: apiKeyOf(text).prefix });
    expect(JSON.stringify(auth.events)).not.toContain(text);
    expect(await auth.app.get(BootstrapPlatform).execute()).toBe(false);
    expect((await readFile(auth.bootstrapKeyFile, 'utf8')).trim()).toBe(text);
  });
});
