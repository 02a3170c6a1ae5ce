import { type Page, type PageRequest, type TenantId, pageFrom } from '@myriad/kernel';
import { decodeCursor, encodeCursor, type Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { In, MoreThan } from 'typeorm';
import { TenantStore } from '../application/ports/tenant.store.js';
import type { Tenant } from '../domain/tenant.js';
import { TenantRow } from './tenant.row.js';

@Injectable()
export class PgTenantStore extends TenantStore {
  async find(tx: Tx, tenantId: TenantId): Promise<Tenant | undefined> {
    return (await tx.repo(TenantRow).findOneBy({ tenantId })) ?? undefined;
  }

  async lock(tx: Tx, tenantId: TenantId): Promise<Tenant | undefined> {
    const lock = { mode: 'pessimistic_write' } as const;
    return (await tx.repo(TenantRow).findOne({ where: { tenantId }, lock })) ?? undefined;
  }

  async existing(tx: Tx, tenantIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await tx.repo(TenantRow).find({ select: { tenantId: true }, where: { tenantId: In(tenantIds) } });
    return new Set(rows.map((row) => row.tenantId));
  }

  async list(tx: Tx, { pageSize, pageToken }: PageRequest): Promise<Page<Tenant>> {
    const where =
      pageToken === undefined ? {} : { tenantId: MoreThan(decodeCursor(pageToken, 'tenants')[0] as TenantId) };
    const rows = await tx.repo(TenantRow).find({ where, order: { tenantId: 'ASC' }, take: pageSize + 1 });
    return pageFrom(rows, pageSize, (last) => encodeCursor([last.tenantId], 'tenants'));
  }

  async insert(tx: Tx, tenant: Tenant): Promise<boolean> {
    const query = tx.repo(TenantRow).createQueryBuilder().insert().values(tenant).orIgnore().returning('tenant_id');
    return ((await query.execute()).raw as unknown[]).length > 0;
  }

  async update(tx: Tx, { tenantId, ...columns }: Tenant): Promise<void> {
    await tx.repo(TenantRow).update({ tenantId }, columns);
  }
}
