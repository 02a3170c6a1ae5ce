import type { PrincipalId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { ExternalIdentityStore } from '../application/ports/login.store.js';
import type { ExternalIdentity } from '../domain/login.js';

@Injectable()
export class PgExternalIdentityStore extends ExternalIdentityStore {
  async find(tx: Tx, issuer: string, subject: string): Promise<ExternalIdentity | undefined> {
    const sql = 'SELECT principal_id FROM external_identity WHERE tenant_id = $1 AND issuer = $2 AND subject = $3';
    const [row] = await tx.query<{ principal_id: PrincipalId }>(sql, [tx.tenantId, issuer, subject]);
    return row === undefined ? undefined : { issuer, subject, principalId: row.principal_id };
  }

  async insert(tx: Tx, { issuer, subject, principalId }: ExternalIdentity): Promise<boolean> {
    const rows = await tx.query(
      `INSERT INTO external_identity (tenant_id, issuer, subject, principal_id) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING RETURNING principal_id`,
      [tx.tenantId, issuer, subject, principalId],
    );
    return rows.length > 0;
  }
}
