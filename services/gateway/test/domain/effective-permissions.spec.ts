import { describe, expect, it } from '@jest/globals';
import { effectivePermissions, isBoundTo } from '../../src/domain/effective-permissions.js';

const bindings = [
  { tenantId: 'aa', environment: '*', permissions: ['models:read'] },
  { tenantId: 'aa', environment: 'research', permissions: ['models:write'] },
  { tenantId: '*', environment: 'production', permissions: ['audit:read'] },
];
const at = (tenantId: string, environment: string, within?: string[]): string[] =>
  [...effectivePermissions(bindings, { tenantId, environment }, within && new Set(within))].sort();

describe('effectivePermissions', () => {
  it('are the union of the bindings of that tenant and environment', () => {
    expect(at('aa', 'research')).toEqual(['models:read', 'models:write']);
    expect(at('aa', 'production')).toEqual(['audit:read', 'models:read']);
    expect(at('bb', 'production')).toEqual(['audit:read']);
    expect(at('bb', 'research')).toEqual([]);
  });

  it('are narrowed to scopes, and never widened by them', () => {
    expect(at('aa', 'production', ['models:read', 'tenants:write'])).toEqual(['models:read']);
    expect(at('aa', 'production', [])).toEqual([]);
  });
});

describe('isBoundTo', () => {
  it('holds for a tenant by name or by all', () => {
    expect(isBoundTo(bindings.slice(0, 2), 'aa')).toBe(true);
    expect(isBoundTo(bindings.slice(0, 2), 'bb')).toBe(false);
    expect(isBoundTo(bindings, 'bb')).toBe(true);
  });
});
