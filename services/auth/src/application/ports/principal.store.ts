import type { Page, PageRequest } from '@myriad/http';
import type { PrincipalId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { Principal } from '../../domain/principal.js';

/** Users and service accounts, rows of their home tenant. */
export abstract class PrincipalStore {
  abstract find(tx: Tx, principalId: PrincipalId): Promise<Principal | undefined>;
  /** Like {@link find}, and nobody else changes it until the transaction ends. */
  abstract lock(tx: Tx, principalId: PrincipalId): Promise<Principal | undefined>;
  /** By id, which is by time of creation; only those of that exact name when one is given. */
  abstract list(tx: Tx, page: PageRequest & { readonly name?: string | undefined }): Promise<Page<Principal>>;
  abstract insert(tx: Tx, principal: Principal): Promise<void>;
  abstract update(tx: Tx, principal: Principal): Promise<void>;
}
