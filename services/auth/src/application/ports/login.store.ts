import type { TenantId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { ExternalIdentity, LoginAttempt, LoginSession } from '../../domain/login.js';

/** Logins that were begun and ID tokens that were used: rows of the platform, for their tenants are not known yet. */
export abstract class LoginAttemptStore {
  abstract insert(tx: Tx, stateHash: string, attempt: LoginAttempt): Promise<void>;
  /** Gives the attempt to one caller only, and removes it. */
  abstract take(tx: Tx, stateHash: string): Promise<LoginAttempt | undefined>;
  /** Whether the token was not used before. */
  abstract spend(tx: Tx, tokenHash: string, expiresAt: Date): Promise<boolean>;
  abstract removeExpired(tx: Tx, at: Date): Promise<void>;
}

/** Whom providers speak of; rows of the person's home tenant. */
export abstract class ExternalIdentityStore {
  abstract find(tx: Tx, issuer: string, subject: string): Promise<ExternalIdentity | undefined>;
  /** False when another login of the same person was first; waits for it to end. */
  abstract insert(tx: Tx, identity: ExternalIdentity): Promise<boolean>;
}

/** Logins that hold; rows of the person's home tenant. */
export abstract class LoginSessionStore {
  /** The tenant of the session that the refresh token is or was of; call it across tenants. */
  abstract tenantOf(tx: Tx, hash: string): Promise<TenantId | undefined>;
  /** The session that the refresh token is or was of, and nobody else changes it until the transaction ends. */
  abstract lock(tx: Tx, hash: string): Promise<LoginSession | undefined>;
  abstract insert(tx: Tx, session: LoginSession): Promise<void>;
  abstract rotate(tx: Tx, session: LoginSession): Promise<void>;
  abstract remove(tx: Tx, sessionId: string): Promise<void>;
  abstract removeExpired(tx: Tx, at: Date): Promise<void>;
}
