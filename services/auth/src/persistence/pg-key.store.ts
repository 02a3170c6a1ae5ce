import { type Page, type PrincipalId, pageFrom } from '@myriad/kernel';
import { decodeCursor, encodeCursor, type Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { Like, MoreThan } from 'typeorm';
import { KeyStore, type KeyQuery } from '../application/ports/key.store.js';
import type { Key } from '../domain/key.js';
import { KeyRow } from './key.row.js';

@Injectable()
export class PgKeyStore extends KeyStore {
  async lock(tx: Tx, keyId: string): Promise<Key | undefined> {
    const where = { tenantId: tx.tenantId, keyId };
    return (await tx.repo(KeyRow).findOne({ where, lock: { mode: 'pessimistic_write' } })) ?? undefined;
  }

  async list(tx: Tx, { pageSize, pageToken, prefix, principalId }: KeyQuery): Promise<Page<Key>> {
    const where = {
      tenantId: tx.tenantId,
      ...(prefix === undefined ? {} : { prefix: Like(`${prefix}%`) }),
      ...(principalId === undefined ? {} : { principalId: principalId as PrincipalId }),
      ...(pageToken === undefined ? {} : { keyId: MoreThan(decodeCursor(pageToken, 'keys')[0] as string) }),
    };
    const rows = await tx.repo(KeyRow).find({ where, order: { keyId: 'ASC' }, take: pageSize + 1 });
    return pageFrom(rows, pageSize, (last) => encodeCursor([last.keyId], 'keys'));
  }

  async insert(tx: Tx, key: Key): Promise<boolean> {
    const row = { ...key, tenantId: tx.tenantId };
    const query = tx.repo(KeyRow).createQueryBuilder().insert().values(row).orIgnore().returning('key_id');
    return ((await query.execute()).raw as unknown[]).length > 0;
  }

  async update(tx: Tx, { keyId, ...columns }: Key): Promise<void> {
    await tx.repo(KeyRow).update({ tenantId: tx.tenantId, keyId }, columns);
  }
}
