import type { Page, PageRequest, TenantId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { Approval, ApprovalKind, ApprovalStatus } from '../../domain/approval.js';

export interface ApprovalQuery extends PageRequest {
  readonly status?: ApprovalStatus | undefined;
  readonly subjectId?: string | undefined;
}

/** Approvals, rows of the tenant whose object is decided on. */
export abstract class ApprovalStore {
  abstract find(tx: Tx, approvalId: string): Promise<Approval | undefined>;
  /** Like {@link find}, and nobody else changes it until the transaction ends. */
  abstract lock(tx: Tx, approvalId: string): Promise<Approval | undefined>;
  /** All approvals of one object, locked, oldest first. */
  abstract lockOfSubject(tx: Tx, kind: ApprovalKind, subjectId: string): Promise<Approval[]>;
  /** Newest first. */
  abstract list(tx: Tx, query: ApprovalQuery): Promise<Page<Approval>>;
  /** Pending ones whose time is over, whatever the tenant: call it across tenants. */
  abstract due(
    tx: Tx,
    at: Date,
    limit: number,
  ): Promise<{ readonly tenantId: TenantId; readonly approvalId: string }[]>;
  abstract insert(tx: Tx, approval: Approval): Promise<void>;
  abstract update(tx: Tx, approval: Approval): Promise<void>;
}
