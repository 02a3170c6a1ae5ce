import { authRoutes, registryRoutes } from '@myriad/contracts';
import { digestOf, tenantId } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { TRAINING } from '../model-way.js';
import type { FaultScene } from './fault.js';

const BYTES = 'bytes,that,no,row,names\n1,2,3,4,5\n';
const DIGEST = digestOf(BYTES);

/** What lets a client of the first tenant send bytes, as those do who then lose their patience: nobody commits them. */
export async function allowLostUpload({ cast }: FaultScene): Promise<() => Promise<void>> {
  const { url, method, headers } = await cast.tenants[0]!.program.client.call(registryRoutes.createDatasetUpload, {
    params: { name: TRAINING },
    body: { digest: DIGEST, sizeBytes: Buffer.byteLength(BYTES) },
  });
  return async () => {
    const { status } = await fetch(url, { method, headers, body: BYTES });
    if (status >= 300) throw new Error(`the bytes were refused with ${status}`);
  };
}

/** @throws unless they are gone, and the tenant's audit chain says so. */
export async function lostUploadIsCollected({ mesh, cast }: FaultScene): Promise<void> {
  const tenant = cast.tenants[0]!.tenantId;
  const left = await (await mesh.openStore()).head(tenantId(tenant), DIGEST);
  if (left) throw new Error(`${DIGEST} of ${tenant} is still there`);
  await eventually(async () => {
    const query = { action: 'objects.removed', pageSize: 500 };
    const { items } = await cast.admin.in(tenant).call(authRoutes.listAudit, { query });
    if (!items.some(({ details }) => JSON.stringify(details).includes(DIGEST)))
      throw new Error(`no record in ${tenant} of ${items.length} says that ${DIGEST} was removed`);
  });
}
