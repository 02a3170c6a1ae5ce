import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mesh } from '../mesh.js';
import { PERMISSIONS } from '@myriad/contracts';
import { internalSigner, mintInternalToken } from '@myriad/http';

/** Where a service itself answers, behind the gateway; with several replicas the first. */
export async function originOf(mesh: Mesh, service: string): Promise<string> {
  const [name] = await mesh.replicasOf(service);
  const found = (await mesh.processes()).find((one) => one.name === name);
  const variables = readFileSync(`/proc/${found?.pid ?? 0}/environ`, 'utf8').split('\0');
  const port = variables.find((variable) => variable.startsWith('PORT='))?.slice('PORT='.length);
  if (port === undefined) throw new Error(`nobody says where ${service} answers`);
  return `http://127.0.0.1:${port}`;
}

export interface Forged {
  readonly tenantId: string;
  readonly audience?: string;
}

/** What the gateway would say for somebody who may do everything in a tenant: by its own key. */
export async function tokenOf(mesh: Mesh, { tenantId, audience }: Forged): Promise<string> {
  const key = JSON.parse(readFileSync(join(mesh.stateFolder, 'secrets/internal-signing-key.json'), 'utf8')) as object;
  return mintInternalToken(
    await internalSigner(key),
    {
      sub: 'usr_4711',
      knd: 'user',
      tid: tenantId,
      htid: tenantId,
      perms: [...PERMISSIONS],
      env: 'production',
      rid: 'forged',
    },
    audience === undefined ? {} : { audience },
  );
}
