import { approvalVoidedV1 } from '@myriad/contracts';
import type { Digest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { voided, type Approval, type ApprovalKind, type VoidReason } from '../domain/approval.js';
import { AuditTrail } from './audit-trail.js';
import { approvalVoided } from './event-data.js';
import { ApprovalStore } from './ports/approval.store.js';

export interface Superseded {
  readonly kind: ApprovalKind;
  readonly subjectId: string;
  /** The evidence that does not count any more. */
  readonly evidenceDigest: Digest;
  readonly reason: 'evidence-changed' | 'withdrawn';
}

/** Makes approvals void that were asked or given for what is no longer so. */
@Injectable()
export class VoidApprovals {
  constructor(
    private readonly approvals: ApprovalStore,
    private readonly audit: AuditTrail,
  ) {}

  /** Those of the object on that evidence; when there never was one on it, whatever is open on the object. */
  async ofSubject(tx: Tx, { kind, subjectId, evidenceDigest, reason }: Superseded): Promise<void> {
    const all = await this.approvals.lockOfSubject(tx, kind, subjectId);
    const named = all.filter((approval) => approval.evidenceDigest === evidenceDigest);
    await this.all(tx, named.length > 0 ? named : all, reason);
  }

  /** Those of the given, locked ones that still count. */
  async all(tx: Tx, approvals: readonly Approval[], reason: VoidReason): Promise<void> {
    for (const approval of approvals) {
      const next = voided(approval, reason);
      if (next === undefined) continue;
      await this.approvals.update(tx, next);
      await tx.emit(approvalVoidedV1, approvalVoided(next, tx.tenantId, reason));
      await this.audit.record(tx, {
        actor: 'sys_auth',
        action: reason === 'expired' ? 'approval.expired' : 'approval.voided',
        object: approval.approvalId,
        details: { reason, was: approval.status, subjectId: approval.subjectId },
      });
    }
  }
}
