import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { SigningKeyStore } from '../application/ports/signing-key.store.js';
import type { SigningKey } from '../domain/signing-key.js';
import { SigningKeyRow } from './signing-key.row.js';

@Injectable()
export class PgSigningKeyStore extends SigningKeyStore {
  all(tx: Tx): Promise<SigningKey[]> {
    return tx.repo(SigningKeyRow).findBy({ tenantId: tx.tenantId });
  }

  async lockAll(tx: Tx): Promise<SigningKey[]> {
    // A lock on rows would let a second rotation insert beside the first.
    await tx.query(`SELECT pg_advisory_xact_lock(hashtext('auth.signing_key'))`);
    return this.all(tx);
  }

  async insert(tx: Tx, { kid, publicJwk, sealedPrivateKey, activeFrom }: SigningKey): Promise<void> {
    await tx.query(
      'INSERT INTO signing_key (tenant_id, kid, public_jwk, sealed_private_key, active_from) VALUES ($1, $2, $3, $4, $5)',
      [tx.tenantId, kid, JSON.stringify(publicJwk), sealedPrivateKey, activeFrom],
    );
  }

  async remove(tx: Tx, kids: readonly string[]): Promise<void> {
    await tx.repo(SigningKeyRow).delete({ tenantId: tx.tenantId, kid: In(kids) });
  }
}
