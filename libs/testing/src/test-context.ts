import { newId, tenantId, type PrincipalId, type RequestContext } from '@myriad/kernel';

/** A context as the HTTP guard would make it: a user of `tenant` with these permissions. Every call is another request of another user. */
export function testContext(tenant: string, permissions: Iterable<string> = []): RequestContext {
  const id = tenantId(tenant);
  return {
    tenantId: id,
    principal: {
      id: newId('usr') as PrincipalId,
      kind: 'user',
      homeTenantId: id,
      permissions: new Set(permissions),
    },
    requestId: newId('req'),
  };
}
