import type { PrincipalId } from '@myriad/kernel';

/** A login that was begun: what must come back for it to end well. Kept by the digest of its state. */
export interface LoginAttempt {
  readonly provider: string;
  readonly redirectUri: string;
  readonly codeChallenge: string;
  readonly nonce: string;
  readonly expiresAt: Date;
}

/** A login that holds: its refresh token gives tokens until it ends. */
export interface LoginSession {
  readonly sessionId: string;
  readonly principalId: PrincipalId;
  readonly provider: string;
  /** SHA-256 of the refresh token that is valid now. */
  readonly tokenHash: string;
  /** SHA-256 of the one before. */
  readonly previousHash: string | null;
  readonly rotatedAt: Date;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Who a person is to a provider, and here. */
export interface ExternalIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly principalId: PrincipalId;
}

/** Two of the client's processes may refresh at once, and an answer may be lost: for so long the token before is not taken for stolen, milliseconds. */
const REUSE_GRACE_MS = 30_000;

/** What a refresh token that belongs to the session is worth. */
export function refreshOf(
  session: LoginSession,
  hash: string,
  nowMs: number,
): 'rotate' | 'repeat' | 'expired' | 'stolen' {
  if (session.expiresAt.getTime() <= nowMs) return 'expired';
  if (hash === session.tokenHash) return 'rotate';
  return nowMs - session.rotatedAt.getTime() <= REUSE_GRACE_MS ? 'repeat' : 'stolen';
}
