import { approvalRequestedV1 } from '@myriad/contracts';
import { newId, type Digest, type PrincipalId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { Approval, ApprovalKind } from '../domain/approval.js';
import { AuditTrail } from './audit-trail.js';
import { approvalRequested } from './event-data.js';
import { ApprovalStore } from './ports/approval.store.js';
import { VoidApprovals } from './void-approvals.js';

export interface ApprovalRequest {
  readonly kind: ApprovalKind;
  readonly subjectId: string;
  readonly evidenceDigest: Digest;
  readonly summary: string;
  readonly requestedBy: string;
  /** Who else gains by it and so may not decide. */
  readonly beneficiary?: string;
  readonly expiresAt: Date;
}

/** Opens an approval for what another service asks; one on other evidence for the same object becomes void. */
@Injectable()
export class OpenApproval {
  constructor(
    private readonly approvals: ApprovalStore,
    private readonly voidApprovals: VoidApprovals,
    private readonly audit: AuditTrail,
  ) {}

  async execute(tx: Tx, request: ApprovalRequest): Promise<void> {
    const { kind, subjectId, evidenceDigest, summary, requestedBy, beneficiary, expiresAt } = request;
    const earlier = await this.approvals.lockOfSubject(tx, kind, subjectId);
    const isOpen = (a: Approval): boolean => a.status === 'pending' || a.status === 'approved';
    if (earlier.some((a) => isOpen(a) && a.evidenceDigest === evidenceDigest)) return;
    await this.voidApprovals.all(tx, earlier, 'evidence-changed');
    const approval: Approval = {
      approvalId: newId('apr'),
      kind,
      subjectId,
      evidenceDigest,
      summary,
      requestedBy: requestedBy as PrincipalId,
      parties: [...new Set([requestedBy, beneficiary ?? requestedBy])],
      status: 'pending',
      createdAt: this.audit.now(),
      expiresAt,
      decidedBy: null,
      decidedAt: null,
      comment: null,
    };
    await this.approvals.insert(tx, approval);
    await tx.emit(approvalRequestedV1, approvalRequested(approval, tx.tenantId));
    await this.audit.record(tx, {
      actor: requestedBy,
      action: 'approval.requested',
      object: approval.approvalId,
      details: { kind, subjectId, evidenceDigest, summary },
    });
  }
}
