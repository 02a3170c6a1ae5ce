import type { Digest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';

/** Which objects rows of this service name. */
export abstract class NamedObjects {
  /** Of these digests those that a row of the tenant names. */
  abstract among(tx: Tx, digests: readonly Digest[]): Promise<Digest[]>;
}
