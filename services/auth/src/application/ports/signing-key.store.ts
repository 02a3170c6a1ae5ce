import type { Tx } from '@myriad/persistence';
import type { SigningKey } from '../../domain/signing-key.js';

/** Key pairs of user tokens, rows of the tenant `platform`. */
export abstract class SigningKeyStore {
  abstract all(tx: Tx): Promise<SigningKey[]>;
  /** All of them, and nobody else adds or removes one until the transaction ends. */
  abstract lockAll(tx: Tx): Promise<SigningKey[]>;
  abstract insert(tx: Tx, key: SigningKey): Promise<void>;
  abstract remove(tx: Tx, kids: readonly string[]): Promise<void>;
}
