import type { Page, PageRequest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { Key } from '../../domain/key.js';

export interface KeyQuery extends PageRequest {
  /** How the prefix begins. */
  readonly prefix?: string | undefined;
  readonly principalId?: string | undefined;
}

/** API keys, rows of their principal's home tenant. */
export abstract class KeyStore {
  /** The key, which nobody else changes until the transaction ends. */
  abstract lock(tx: Tx, keyId: string): Promise<Key | undefined>;
  /** By id, which is by time of creation. */
  abstract list(tx: Tx, query: KeyQuery): Promise<Page<Key>>;
  /** False when a key of any tenant has that prefix already. */
  abstract insert(tx: Tx, key: Key): Promise<boolean>;
  abstract update(tx: Tx, key: Key): Promise<void>;
}
