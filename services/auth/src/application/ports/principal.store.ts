import type { Digest, Page, PageRequest, PrincipalId } from '@myriad/kernel';
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
  /** Those with a greater id, by id, locked: call it across tenants. */
  abstract lockAfter(tx: Tx, principalId: string, limit: number): Promise<Principal[]>;
  /** Digest of the roles whose permissions were announced with the principals; of the platform. */
  abstract announcedRoles(tx: Tx): Promise<Digest | undefined>;
  abstract setAnnouncedRoles(tx: Tx, digest: Digest): Promise<void>;
}
