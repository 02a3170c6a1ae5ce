import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { LoginAttemptStore } from '../application/ports/login.store.js';
import type { LoginAttempt } from '../domain/login.js';

interface Row {
  readonly provider: string;
  readonly redirect_uri: string;
  readonly code_challenge: string;
  readonly nonce: string;
  readonly expires_at: Date;
}

@Injectable()
export class PgLoginAttemptStore extends LoginAttemptStore {
  async insert(tx: Tx, stateHash: string, attempt: LoginAttempt): Promise<void> {
    const { provider, redirectUri, codeChallenge, nonce, expiresAt } = attempt;
    await tx.query(
      `INSERT INTO login_attempt (tenant_id, state_hash, provider, redirect_uri, code_challenge, nonce, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [tx.tenantId, stateHash, provider, redirectUri, codeChallenge, nonce, expiresAt],
    );
  }

  async take(tx: Tx, stateHash: string): Promise<LoginAttempt | undefined> {
    const [row] = await tx.query<Row>(
      `DELETE FROM login_attempt WHERE tenant_id = $1 AND state_hash = $2
       RETURNING provider, redirect_uri, code_challenge, nonce, expires_at`,
      [tx.tenantId, stateHash],
    );
    if (row === undefined) return undefined;
    const { provider, nonce, redirect_uri: redirectUri, code_challenge: codeChallenge, expires_at: expiresAt } = row;
    return { provider, redirectUri, codeChallenge, nonce, expiresAt };
  }

  async spend(tx: Tx, tokenHash: string, expiresAt: Date): Promise<boolean> {
    const rows = await tx.query(
      `INSERT INTO spent_id_token (tenant_id, token_hash, expires_at) VALUES ($1, $2, $3)
       ON CONFLICT DO NOTHING RETURNING token_hash`,
      [tx.tenantId, tokenHash, expiresAt],
    );
    return rows.length > 0;
  }

  async removeExpired(tx: Tx, at: Date): Promise<void> {
    await tx.query('DELETE FROM login_attempt WHERE tenant_id = $1 AND expires_at <= $2', [tx.tenantId, at]);
    await tx.query('DELETE FROM spent_id_token WHERE tenant_id = $1 AND expires_at <= $2', [tx.tenantId, at]);
  }
}
