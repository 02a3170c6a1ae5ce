import { authRoutes, registryRoutes } from '@myriad/contracts';
import { digestOf, tenantId } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { type Cast, type Tenant, addKey, assembleCast } from './cast.js';
import { Client } from './client.js';
import type { Mesh } from './mesh.js';
import {
  type Approval,
  GOLDEN,
  MODEL,
  TRAINING,
  bringToProduction,
  commitRows,
  describeApplication,
  obtainGrants,
  pendingApproval,
} from './model-way.js';
import { machineRows } from './tables.js';

/** Two tenants: the first has one of everything, the second has nothing but its people. */
export interface World {
  readonly mesh: Mesh;
  readonly cast: Cast;
  readonly owner: Tenant;
  readonly stranger: Tenant;
  readonly expired: Client;
  readonly revoked: Client;
  /** Sent by the stranger's steward, waiting for a decision. */
  readonly pending: Approval;
}

export async function makeWorld(mesh: Mesh): Promise<World> {
  const both = await assembleCast(mesh.admin, ['acme', 'bolt']);
  const [owner, stranger] = both.tenants as [Tenant, Tenant];
  const cast = { ...both, tenants: [owner] };
  await commitRows(owner.program.client, TRAINING, machineRows(1_200, 1));
  await commitRows(owner.program.client, GOLDEN, machineRows(900, 500));
  await commitRows(stranger.program.client, 'other', machineRows(10, 2));
  await obtainGrants(cast, owner);
  await describeApplication(cast);
  await bringToProduction(cast);
  const { grantId } = await stranger.steward.client.call(registryRoutes.requestGrant, {
    body: { datasetName: 'other', purpose: 'training', justification: 'mine' },
  });
  return {
    mesh,
    cast,
    owner,
    stranger,
    expired: await expiredKey(mesh, owner),
    revoked: await revokedKey(mesh, owner),
    pending: await pendingApproval(stranger.steward.client, grantId),
  };
}

async function expiredKey(mesh: Mesh, { tenantId, program }: Tenant): Promise<Client> {
  const expiresAt = new Date(Date.now() + 1_500).toISOString();
  const { key } = await mesh.admin
    .in(tenantId)
    .call(authRoutes.createKey, { body: { principalId: program.principalId, expiresAt } });
  const client = new Client(mesh.url, key);
  await eventually(async () => {
    if (Date.now() <= Date.parse(expiresAt)) throw new Error('not yet');
    const { text } = await client.send({ method: 'GET', path: '/v1/principals/me' });
    if (!text.includes('key_expired')) throw new Error(text);
  });
  return client;
}

/** A key that was right until now; it must be wrong within a second. */
async function revokedKey(mesh: Mesh, { tenantId, program }: Tenant): Promise<Client> {
  const admin = mesh.admin.in(tenantId);
  const client = await addKey(admin, program.principalId);
  const prefix = client.key.split('_')[1];
  const { items } = await admin.call(authRoutes.listKeys, { query: { prefix } });
  await admin.call(authRoutes.revokeKey, { params: { keyId: items[0]?.keyId ?? '' } });
  await eventually(
    async () => {
      const { status } = await client.send({ method: 'GET', path: '/v1/principals/me' });
      if (status !== 401) throw new Error(`a revoked key gets ${status}`);
    },
    { timeoutMs: 1_000 },
  );
  return client;
}

/** Uploads bytes by a presigned URL and registers them as a version; answers why admission refused it. */
export async function refusedModel(client: Client, bytes: Buffer): Promise<readonly string[]> {
  const params = { name: 'odd' };
  const artifactDigest = digestOf(bytes);
  const upload = await client.call(registryRoutes.createModelUpload, {
    params,
    body: { digest: artifactDigest, sizeBytes: bytes.length },
  });
  await fetch(upload.url, { method: upload.method, headers: upload.headers, body: new Uint8Array(bytes) });
  const { version } = await client.call(registryRoutes.registerModelVersion, { params, body: { artifactDigest } });
  return eventually(async () => {
    const { admission } = await client.call(registryRoutes.getModelVersion, { params: { ...params, version } });
    if (admission.status !== 'rejected') throw new Error(`the version is ${admission.status}`);
    return admission.reasons.map(({ code }) => code);
  });
}

/** The ONNX file of the owner's live model. */
export async function liveArtifact({ owner, mesh }: World): Promise<Buffer> {
  const { artifactDigest } = await owner.steward.client.call(registryRoutes.getModelVersion, {
    params: { name: MODEL, version: 1 },
  });
  return (await mesh.openStore()).getBytes(tenantId(owner.tenantId), artifactDigest);
}
