import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { authRoutes, type RouteResponse } from '@myriad/contracts';
import { type Digest, tenantId as asTenantId } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { type Cast, PLATFORM, addActor, binding } from './cast.js';
import type { Mesh } from './mesh.js';

export interface PurgeOutcome {
  readonly receipt: RouteResponse<typeof authRoutes.getTenantPurge>['receipt'];
  /** What reading the stolen bytes, put back in place, is refused with. */
  readonly refusal: string;
  /** Digests of what the tenant has left in the store. */
  readonly left: readonly string[];
}

/** Purges a tenant as two administrators do, after somebody copied the bytes of one of its objects. */
export async function purgeTenant(
  mesh: Mesh,
  { admin }: Cast,
  { tenantId, digest }: { readonly tenantId: string; readonly digest: Digest },
): Promise<PurgeOutcome> {
  const second = await addActor(admin.in(PLATFORM), 'Kim, second administrator', [binding('platform-admin', PLATFORM)]);
  const file = mesh.objectFile(tenantId, digest);
  const stolen = readFileSync(file);
  const purge = { params: { tenantId }, body: { confirm: tenantId } };
  await admin.call(authRoutes.updateTenant, { params: { tenantId }, body: { status: 'suspended' } });
  await admin.call(authRoutes.purgeTenant, purge);
  await second.client.in(PLATFORM).call(authRoutes.purgeTenant, purge);
  const { receipt } = await eventually(
    async () => {
      const state = await admin.call(authRoutes.getTenantPurge, { params: { tenantId } });
      if (state.status !== 'purged') throw new Error(`the purge is ${state.status}`);
      return state;
    },
    { timeoutMs: 15_000 },
  );
  const store = await mesh.openStore();
  const left: string[] = [];
  for await (const info of store.list(asTenantId(tenantId))) left.push(info.digest);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, stolen);
  chmodSync(file, 0o400);
  const refusal = await store.getBytes(asTenantId(tenantId), digest).then(
    () => 'read',
    (error: unknown) => (error as { code: string }).code,
  );
  return { receipt, refusal, left };
}
