import type { TenantId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { TenantPurge } from '../../domain/tenant-purge.js';

/** The purge of each tenant, if there is one. */
export abstract class PurgeStore {
  abstract find(tx: Tx, tenantId: TenantId): Promise<TenantPurge | undefined>;
  /** Writes it, in place of the one before. */
  abstract save(tx: Tx, purge: TenantPurge): Promise<void>;
  abstract delete(tx: Tx, tenantId: TenantId): Promise<void>;
}
