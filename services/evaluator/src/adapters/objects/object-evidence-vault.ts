import { type Digest, type TenantId, canonicalJson } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import type { EvidenceVault } from '../../application/ports.js';

/** Evidence as canonical JSON among the tenant's objects: its digest is its name, so it can't be changed under a decision. */
export class ObjectEvidenceVault implements EvidenceVault {
  constructor(private readonly store: ObjectStore) {}

  async keep(tenantId: TenantId, evidence: Record<string, unknown>): Promise<Digest> {
    return (await this.store.put(tenantId, Buffer.from(canonicalJson(evidence)))).digest;
  }

  async read(tenantId: TenantId, digest: Digest): Promise<Record<string, unknown>> {
    return JSON.parse((await this.store.getBytes(tenantId, digest)).toString('utf8')) as Record<string, unknown>;
  }
}
