import { describe, expect, it } from '@jest/globals';
import { assertHolds, changedBindings, grantOf, type Binding, type Holder } from '../../src/domain/binding.js';

const ROLES: Readonly<Record<string, readonly string[]>> = {
  admin: ['keys:write', 'models:read', 'models:write'],
  viewer: ['models:read'],
};
const permissionsOf = (role: string): readonly string[] => ROLES[role] ?? [];
const binding = (role: string, tenantId: string, environment = '*'): Binding => ({ role, tenantId, environment });
const holder = (bindings: Binding[], permissions = ROLES['admin']!): Holder => ({
  bindings,
  permissions: new Set(permissions),
});
const give = (by: Holder, what: Binding, scopes: string[] = []): void => {
  assertHolds(by, [grantOf(what, permissionsOf, scopes)], permissionsOf);
};

describe('assertHolds', () => {
  it('lets pass what the giver holds in that tenant and environment', () => {
    expect(() => {
      give(holder([binding('admin', 'aa')]), binding('viewer', 'aa', 'production'));
    }).not.toThrow();
    expect(() => {
      give(holder([binding('admin', '*')]), binding('admin', '*'));
    }).not.toThrow();
  });

  it.each([
    ['a permission not held', binding('viewer', 'aa'), binding('admin', 'aa')],
    ['another tenant', binding('admin', 'aa'), binding('viewer', 'bb')],
    ['every tenant, when one is held', binding('admin', 'aa'), binding('viewer', '*')],
    ['another environment', binding('admin', 'aa', 'research'), binding('viewer', 'aa', 'production')],
    ['every environment, when one is held', binding('admin', 'aa', 'research'), binding('viewer', 'aa')],
  ])('refuses %s', (_name, held, wanted) => {
    expect(() => {
      give(holder([held]), wanted);
    }).toThrow(expect.objectContaining({ code: 'auth.privilege_escalation' }));
  });

  it('refuses what the key in use is not scoped to, though its principal holds it', () => {
    const scoped = holder([binding('admin', 'aa')], ['keys:write']);
    expect(() => {
      give(scoped, binding('viewer', 'aa'));
    }).toThrow('models:read');
    expect(() => {
      give(scoped, binding('admin', 'aa'), ['keys:write']);
    }).not.toThrow();
  });
});

describe('changedBindings', () => {
  it('names what is given and what is taken, and not what stays', () => {
    const [stays, taken, given] = [binding('viewer', 'aa'), binding('admin', 'aa'), binding('admin', 'bb')];
    expect(changedBindings([stays, taken], [given, stays])).toEqual([taken, given]);
  });
});
