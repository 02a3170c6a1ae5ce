import { describe, expect, it } from '@jest/globals';
import { PLATFORM_TENANT, tenantId, type TenantId } from '@myriad/kernel';
import { DEFAULT_RATE_LIMIT, changeTenant, type Tenant } from '../../src/domain/tenant.js';

const tenant = (id: TenantId): Tenant => ({
  tenantId: id,
  displayName: 'A',
  status: 'active',
  rateLimit: DEFAULT_RATE_LIMIT,
  generation: 1,
  createdAt: new Date(0),
});

describe('changeTenant', () => {
  it('changes what is named and counts the generation', () => {
    expect(changeTenant(tenant(tenantId('aa')), { status: 'suspended' })).toEqual({
      ...tenant(tenantId('aa')),
      status: 'suspended',
      generation: 2,
    });
  });

  it('never suspends the platform', () => {
    expect(() => changeTenant(tenant(PLATFORM_TENANT), { status: 'suspended' })).toThrow(
      expect.objectContaining({ code: 'auth.platform_is_permanent' }),
    );
  });
});
