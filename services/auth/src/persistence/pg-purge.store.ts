import type { TenantId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { PurgeStore } from '../application/ports/purge.store.js';
import type { TenantPurge } from '../domain/tenant-purge.js';
import { TenantPurgeRow } from './tenant-purge.row.js';

@Injectable()
export class PgPurgeStore extends PurgeStore {
  async find(tx: Tx, tenantId: TenantId): Promise<TenantPurge | undefined> {
    return (await tx.repo(TenantPurgeRow).findOneBy({ tenantId })) ?? undefined;
  }

  async save(tx: Tx, purge: TenantPurge): Promise<void> {
    await tx.repo(TenantPurgeRow).upsert({ ...purge }, ['tenantId']);
  }

  async delete(tx: Tx, tenantId: TenantId): Promise<void> {
    await tx.repo(TenantPurgeRow).delete({ tenantId });
  }
}
