import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '@myriad/config';
import { providerSettings } from '../../src/adapters/oidc/provider-settings.js';
import { groupBindingsOf, nameOf } from '../../src/domain/login-provider.js';

const good = { id: 'corp', issuer: 'https://id.example', clientId: 'myriad', tenant: 'aa' };

function faultOf(...providers: object[]): string {
  try {
    providerSettings(JSON.stringify(providers), {});
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
  }
  return '';
}

describe('OIDC_PROVIDERS', () => {
  it('needs little, and is strict by default', () => {
    expect(providerSettings(JSON.stringify([good]), {})[0]).toMatchObject({
      name: 'corp',
      tenant: { tenantId: 'aa' },
      clientSecret: undefined,
      redirectUris: [],
      clockSkewSeconds: 30,
      isRoleOptional: false,
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    });
  });

  it('names a secret by reference only, and never says it', () => {
    const [provider] = providerSettings(JSON.stringify([{ ...good, clientSecret: 'env:S' }]), { S: 'hunter2' });
    expect(provider?.clientSecret?.()).toBe('hunter2');
    expect(faultOf({ ...good, clientSecret: 'hunter2' })).toMatch(/must be a reference/);
    expect(faultOf({ ...good, clientSecret: 'hunter2' })).not.toContain('hunter2');
    expect(faultOf({ ...good, clientSecret: 'env:NOWHERE' })).toContain('refers to NOWHERE, which is not set');
  });

  it.each([
    ['plain http', { issuer: 'http://id.example' }, 'must be https'],
    ['a redirect by plain http', { redirectUris: ['http://workbench.example/'] }, 'must be https'],
    ['HMAC', { algorithms: ['HS256'] }, 'algorithms'],
    ['no algorithm', { algorithms: [] }, 'algorithms'],
    ['much skew', { clockSkewSeconds: 3600 }, 'clockSkewSeconds'],
    ['no openid', { scopes: ['email'] }, "must name 'openid'"],
    ['an unknown role', { roles: [{ group: 'g', role: 'king' }] }, 'roles.0.role'],
    ['roles elsewhere', { roles: [{ group: 'g', role: 'viewer', tenantId: 'bb' }] }, 'other tenants'],
    ['roles everywhere', { roles: [{ group: 'g', role: 'viewer', tenantId: '*' }] }, 'other tenants'],
    [
      'roles in a named tenant for those of a claim',
      { tenant: { claim: 'org', allowed: '*' }, roles: [{ group: 'g', role: 'viewer', tenantId: 'bb' }] },
      'other tenants',
    ],
    ['an unknown member', { colour: 'red' }, 'colour'],
  ])('refuses %s', (_, change, words) => {
    expect(faultOf({ ...good, ...change })).toContain(words);
  });

  it('refuses a name twice, and what is no list', () => {
    expect(faultOf(good, good)).toContain("'corp' stands there twice");
    expect(() => providerSettings('{', {})).toThrow('must be JSON');
  });
});

describe('claims', () => {
  const [provider] = providerSettings(
    JSON.stringify([{ ...good, groupClaim: 'realm_access.roles', roles: [{ group: 'g', role: 'viewer' }] }]),
    {},
  );

  it('give groups by name, or by path', () => {
    const viewer = [{ role: 'viewer', tenantId: 'aa', environment: '*' }];
    const bindings = (claims: object) => groupBindingsOf(provider!, 'aa', { sub: 's', ...claims });
    expect(bindings({ realm_access: { roles: ['g', 'g'] } })).toEqual(viewer);
    expect(bindings({ 'realm_access.roles': 'g' })).toEqual(viewer);
    expect(bindings({ realm_access: 'g' })).toEqual([]);
    expect(bindings(JSON.parse('{"__proto__":{"realm_access":{"roles":["g"]}}}') as object)).toEqual([]);
  });

  it('give a name of at most 200 characters', () => {
    expect(Array.from(nameOf({ sub: 's', name: '𝒳'.repeat(300) }))).toHaveLength(200);
    expect(nameOf({ sub: 's', name: ' \n ', preferred_username: 'p' })).toBe('p');
  });
});
