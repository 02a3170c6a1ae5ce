import { type Digest, type Page, type PageRequest, type PrincipalId, pageFrom } from '@myriad/kernel';
import { decodeCursor, encodeCursor, type Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { PrincipalStore } from '../application/ports/principal.store.js';
import type { Principal } from '../domain/principal.js';
import { PrincipalRow } from './principal.row.js';

@Injectable()
export class PgPrincipalStore extends PrincipalStore {
  async find(tx: Tx, principalId: PrincipalId): Promise<Principal | undefined> {
    return (await tx.repo(PrincipalRow).findOneBy({ homeTenantId: tx.tenantId, principalId })) ?? undefined;
  }

  async lock(tx: Tx, principalId: PrincipalId): Promise<Principal | undefined> {
    const where = { homeTenantId: tx.tenantId, principalId };
    return (await tx.repo(PrincipalRow).findOne({ where, lock: { mode: 'pessimistic_write' } })) ?? undefined;
  }

  async list(
    tx: Tx,
    { pageSize, pageToken, name }: PageRequest & { readonly name?: string | undefined },
  ): Promise<Page<Principal>> {
    const where = {
      homeTenantId: tx.tenantId,
      ...(name === undefined ? {} : { name }),
      ...(pageToken === undefined
        ? {}
        : { principalId: MoreThan(decodeCursor(pageToken, 'principals')[0] as PrincipalId) }),
    };
    const rows = await tx.repo(PrincipalRow).find({ where, order: { principalId: 'ASC' }, take: pageSize + 1 });
    return pageFrom(rows, pageSize, (last) => encodeCursor([last.principalId], 'principals'));
  }

  async insert(tx: Tx, principal: Principal): Promise<void> {
    await tx.repo(PrincipalRow).insert(principal);
  }

  async update(tx: Tx, { homeTenantId, principalId, ...columns }: Principal): Promise<void> {
    await tx.repo(PrincipalRow).update({ homeTenantId, principalId }, columns);
  }

  lockAfter(tx: Tx, principalId: string, limit: number): Promise<Principal[]> {
    return tx.repo(PrincipalRow).find({
      where: { principalId: MoreThan(principalId as PrincipalId) },
      order: { principalId: 'ASC' },
      take: limit,
      lock: { mode: 'pessimistic_write' },
    });
  }

  async announcedRoles(tx: Tx): Promise<Digest | undefined> {
    const sql = 'SELECT digest FROM announced_roles WHERE tenant_id = $1';
    return (await tx.query<{ digest: Digest }>(sql, [tx.tenantId]))[0]?.digest;
  }

  async setAnnouncedRoles(tx: Tx, digest: Digest): Promise<void> {
    await tx.query(
      `INSERT INTO announced_roles (tenant_id, digest) VALUES ($1, $2)
       ON CONFLICT (tenant_id) DO UPDATE SET digest = excluded.digest`,
      [tx.tenantId, digest],
    );
  }
}
