import type { PrincipalId } from '@myriad/kernel';

/** An issued API key, without its secret. */
export interface Key {
  readonly keyId: string;
  readonly prefix: string;
  /** SHA-256 of the whole key, hex. */
  readonly hash: string;
  readonly principalId: PrincipalId;
  /** Permissions it is narrowed to; empty = all of its principal's. */
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly createdBy: PrincipalId;
  readonly createdAt: Date;
}
