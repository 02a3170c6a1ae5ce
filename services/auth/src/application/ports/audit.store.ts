import type { Page, PageRequest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { AuditHead, AuditRecord } from '../../domain/audit-record.js';

export interface AuditQuery extends PageRequest {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly object?: string | undefined;
}

/** A tenant's audit chain; append-only: the database refuses to change or remove a record. */
export abstract class AuditStore {
  abstract head(tx: Tx): Promise<AuditHead>;
  /** Like {@link head}; until the transaction ends, nobody else appends to the tenant's chain. */
  abstract lockHead(tx: Tx): Promise<AuditHead>;
  /** Appends the record, which follows the locked head, and makes it the head. */
  abstract append(tx: Tx, record: AuditRecord): Promise<void>;
  /** Newest first. */
  abstract list(tx: Tx, query: AuditQuery): Promise<Page<AuditRecord>>;
  /** Records from `fromSeq` to `toSeq`, oldest first, at most `limit`. */
  abstract range(tx: Tx, fromSeq: number, toSeq: number, limit: number): Promise<AuditRecord[]>;
}
