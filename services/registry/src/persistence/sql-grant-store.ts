import type { Digest, Owned, Page, TenantId } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { GrantFilter, GrantStore } from '../application/ports.js';
import type { Grant } from '../domain/grant.js';

interface GrantRecord {
  tenant_id: TenantId;
  grant_id: string;
  dataset_name: string;
  principal_id: string;
  purpose: Grant['purpose'];
  justification: string;
  status: Grant['status'];
  evidence_digest: Digest;
  requested_by: string;
  requested_at: Date;
  expires_at: Date;
  decided_by: string | null;
}

function toGrant(row: GrantRecord): Owned<Grant> {
  return {
    tenantId: row.tenant_id,
    grantId: row.grant_id,
    datasetName: row.dataset_name,
    principalId: row.principal_id,
    purpose: row.purpose,
    justification: row.justification,
    status: row.status,
    evidenceDigest: row.evidence_digest,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    expiresAt: row.expires_at,
    decidedBy: row.decided_by,
  };
}

@Injectable()
export class SqlGrantStore implements GrantStore {
  async insert(tx: Tx, grant: Grant): Promise<void> {
    await tx.query(
      `INSERT INTO dataset_grant (tenant_id, grant_id, dataset_name, principal_id, purpose, justification, status, evidence_digest, requested_by, requested_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        tx.tenantId,
        grant.grantId,
        grant.datasetName,
        grant.principalId,
        grant.purpose,
        grant.justification,
        grant.status,
        grant.evidenceDigest,
        grant.requestedBy,
        grant.requestedAt,
        grant.expiresAt,
      ],
    );
  }

  async update(tx: Tx, grant: Grant): Promise<void> {
    await tx.query('UPDATE dataset_grant SET status = $3, decided_by = $4 WHERE tenant_id = $1 AND grant_id = $2', [
      tx.tenantId,
      grant.grantId,
      grant.status,
      grant.decidedBy,
    ]);
  }

  async find(tx: Tx, grantId: string): Promise<Grant | undefined> {
    const [row] = await tx.query<GrantRecord>('SELECT * FROM dataset_grant WHERE grant_id = $1 FOR UPDATE', [grantId]);
    return row && toGrant(row);
  }

  async list(tx: Tx, filter: GrantFilter): Promise<Page<Grant>> {
    const rows = await tx.query<GrantRecord>(
      `SELECT * FROM dataset_grant WHERE ($1::text IS NULL OR grant_id < $1) AND ($2::text IS NULL OR dataset_name = $2) AND ($3::text IS NULL OR status = $3) ORDER BY grant_id DESC LIMIT $4`,
      [startOf(filter), filter.datasetName ?? null, filter.status ?? null, filter.pageSize + 1],
    );
    return pageOfRows(rows, filter, toGrant, ({ grantId }) => grantId);
  }

  async overdue(tx: Tx, now: Date, limit: number): Promise<readonly Owned<Grant>[]> {
    const rows = await tx.query<GrantRecord>(
      "SELECT * FROM dataset_grant WHERE status IN ('pending', 'active') AND expires_at <= $1 ORDER BY expires_at LIMIT $2",
      [now, limit],
    );
    return rows.map(toGrant);
  }
}
