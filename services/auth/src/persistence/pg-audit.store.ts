import { type Digest, type Page, type TenantId, canonicalJson, pageFrom } from '@myriad/kernel';
import { decodeCursor, encodeCursor, type Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { AuditStore, type AuditQuery } from '../application/ports/audit.store.js';
import { EMPTY_CHAIN, type AuditHead, type AuditRecord } from '../domain/audit-record.js';

interface HeadRow {
  seq: string;
  hash: Digest;
}

interface RecordRow extends HeadRow {
  tenant_id: TenantId;
  actor: string;
  action: string;
  object: string;
  at: string;
  details: string;
  previous_hash: Digest;
}

const COLUMNS = 'tenant_id, seq, actor, action, object, at, details, previous_hash, hash';

@Injectable()
export class PgAuditStore extends AuditStore {
  async head(tx: Tx): Promise<AuditHead> {
    return headOf(await tx.query<HeadRow>('SELECT seq, hash FROM audit_head WHERE tenant_id = $1', [tx.tenantId]));
  }

  async lockHead(tx: Tx): Promise<AuditHead> {
    const { seq, hash } = EMPTY_CHAIN;
    // The row must be there to be locked; one statement makes or locks it, whoever comes first.
    const rows = await tx.query<HeadRow>(
      `INSERT INTO audit_head (tenant_id, seq, hash) VALUES ($1, $2, $3)
       ON CONFLICT (tenant_id) DO UPDATE SET seq = audit_head.seq RETURNING seq, hash`,
      [tx.tenantId, seq, hash],
    );
    return headOf(rows);
  }

  async append(tx: Tx, record: AuditRecord): Promise<void> {
    const { seq, actor, action, object, at, details, previousHash, hash } = record;
    await tx.query(`INSERT INTO audit_record (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, [
      tx.tenantId,
      seq,
      actor,
      action,
      object,
      at,
      canonicalJson(details),
      previousHash,
      hash,
    ]);
    await tx.query('UPDATE audit_head SET seq = $2, hash = $3 WHERE tenant_id = $1', [tx.tenantId, seq, hash]);
  }

  async list(tx: Tx, { pageSize, pageToken, actor, action, object }: AuditQuery): Promise<Page<AuditRecord>> {
    const before = pageToken === undefined ? null : decodeCursor(pageToken, 'audit')[0];
    const rows = await tx.query<RecordRow>(
      `SELECT ${COLUMNS} FROM audit_record
       WHERE tenant_id = $1 AND ($2::bigint IS NULL OR seq < $2) AND ($3::text IS NULL OR actor = $3)
         AND ($4::text IS NULL OR action = $4) AND ($5::text IS NULL OR object = $5)
       ORDER BY seq DESC LIMIT $6`,
      [tx.tenantId, before, actor ?? null, action ?? null, object ?? null, pageSize + 1],
    );
    return pageFrom(rows.map(recordOf), pageSize, (last) => encodeCursor([last.seq], 'audit'));
  }

  async range(tx: Tx, fromSeq: number, toSeq: number, limit: number): Promise<AuditRecord[]> {
    const rows = await tx.query<RecordRow>(
      `SELECT ${COLUMNS} FROM audit_record WHERE tenant_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq LIMIT $4`,
      [tx.tenantId, fromSeq, toSeq, limit],
    );
    return rows.map(recordOf);
  }
}

function headOf([row]: readonly HeadRow[]): AuditHead {
  return row === undefined ? EMPTY_CHAIN : { seq: Number(row.seq), hash: row.hash };
}

function recordOf({ tenant_id: tenantId, seq, previous_hash: previousHash, details, ...row }: RecordRow): AuditRecord {
  return { ...row, tenantId, seq: Number(seq), previousHash, details: JSON.parse(details) as AuditRecord['details'] };
}
