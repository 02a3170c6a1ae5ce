import type { PrincipalId, TenantId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { LoginSessionStore } from '../application/ports/login.store.js';
import type { LoginSession } from '../domain/login.js';

interface Row {
  readonly session_id: string;
  readonly principal_id: PrincipalId;
  readonly provider: string;
  readonly token_hash: string;
  readonly previous_hash: string | null;
  readonly rotated_at: Date;
  readonly created_at: Date;
  readonly expires_at: Date;
}

@Injectable()
export class PgLoginSessionStore extends LoginSessionStore {
  async tenantOf(tx: Tx, hash: string): Promise<TenantId | undefined> {
    const sql = 'SELECT tenant_id FROM login_session WHERE token_hash = $1 OR previous_hash = $1';
    return (await tx.query<{ tenant_id: TenantId }>(sql, [hash]))[0]?.tenant_id;
  }

  async lock(tx: Tx, hash: string): Promise<LoginSession | undefined> {
    const [row] = await tx.query<Row>(
      'SELECT * FROM login_session WHERE tenant_id = $1 AND (token_hash = $2 OR previous_hash = $2) FOR UPDATE',
      [tx.tenantId, hash],
    );
    return row === undefined ? undefined : sessionOf(row);
  }

  async insert(tx: Tx, session: LoginSession): Promise<void> {
    const { sessionId, principalId, provider, tokenHash, previousHash, rotatedAt, createdAt, expiresAt } = session;
    await tx.query(
      `INSERT INTO login_session
         (tenant_id, session_id, principal_id, provider, token_hash, previous_hash, rotated_at, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [tx.tenantId, sessionId, principalId, provider, tokenHash, previousHash, rotatedAt, createdAt, expiresAt],
    );
  }

  async rotate(tx: Tx, { sessionId, tokenHash, previousHash, rotatedAt }: LoginSession): Promise<void> {
    await tx.query(
      `UPDATE login_session SET token_hash = $3, previous_hash = $4, rotated_at = $5
       WHERE tenant_id = $1 AND session_id = $2`,
      [tx.tenantId, sessionId, tokenHash, previousHash, rotatedAt],
    );
  }

  async remove(tx: Tx, sessionId: string): Promise<void> {
    await tx.query('DELETE FROM login_session WHERE tenant_id = $1 AND session_id = $2', [tx.tenantId, sessionId]);
  }

  async removeExpired(tx: Tx, at: Date): Promise<void> {
    await tx.query('DELETE FROM login_session WHERE expires_at <= $1', [at]);
  }
}

function sessionOf(row: Row): LoginSession {
  return {
    sessionId: row.session_id,
    principalId: row.principal_id,
    provider: row.provider,
    tokenHash: row.token_hash,
    previousHash: row.previous_hash,
    rotatedAt: row.rotated_at,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
