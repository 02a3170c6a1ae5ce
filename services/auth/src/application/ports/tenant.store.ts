import type { Page, PageRequest, TenantId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { Tenant } from '../../domain/tenant.js';

/** Tenants; each is a row of its own tenant. `tx` carries whose rows are seen: `uow.run` one tenant's, `uow.runAcrossTenants` all. */
export abstract class TenantStore {
  abstract find(tx: Tx, tenantId: TenantId): Promise<Tenant | undefined>;
  /** Like {@link find}, and nobody else changes it until the transaction ends. */
  abstract lock(tx: Tx, tenantId: TenantId): Promise<Tenant | undefined>;
  /** Of the given ids, those that are tenants. */
  abstract existing(tx: Tx, tenantIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** By id, ascending. */
  abstract list(tx: Tx, page: PageRequest): Promise<Page<Tenant>>;
  /** False when there is one of that id already. */
  abstract insert(tx: Tx, tenant: Tenant): Promise<boolean>;
  abstract update(tx: Tx, tenant: Tenant): Promise<void>;
}
