import { authRoutes, type RouteResponse } from '@myriad/contracts';
import { type Digest, tenantId as asTenantId } from '@myriad/kernel';
import { EncryptingObjectStore } from '@myriad/storage';
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
  const store = await mesh.openStore();
  if (!(store instanceof EncryptingObjectStore)) throw new Error('the mesh does not encrypt');
  const putBack = await steal(store, tenantId, digest);
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
  const left: string[] = [];
  for await (const info of store.list(asTenantId(tenantId))) left.push(info.digest);
  await putBack();
  // a store of its own, which remembers no key of before
  const refusal = await (await mesh.openStore()).getBytes(asTenantId(tenantId), digest).then(
    () => 'read',
    (error: unknown) => (error as { code: string }).code,
  );
  return { receipt, refusal, left };
}

/** Takes an object's bytes as the store keeps them; answers what puts them back behind its back. */
async function steal(
  { inner: { sealed } }: EncryptingObjectStore,
  tenant: string,
  digest: Digest,
): Promise<() => Promise<void>> {
  const tenantId = asTenantId(tenant);
  const object = await sealed.open(tenantId, digest);
  if (!object) throw new Error(`${tenant} has no ${digest}`);
  const pieces: Buffer[] = [];
  for await (const piece of object.read(0, object.sizeBytes - 1)) pieces.push(Buffer.from(piece));
  await object.close();
  // eslint-disable-next-line @typescript-eslint/require-await -- a source that has everything awaits nothing
  async function* stolen(): AsyncGenerator<Uint8Array, void> {
    yield* pieces;
  }
  return () => sealed.write(tenantId, stolen(), { finish: () => digest });
}
