import { approvalDecidedV1 } from '@myriad/contracts';
import type { Digest, RequestContext } from '@myriad/kernel';
import { UnitOfWork, type Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { decide, type Approval } from '../domain/approval.js';
import { AuditTrail } from './audit-trail.js';
import { approvalNotFound } from './find-approvals.js';
import { ApprovalStore } from './ports/approval.store.js';

export interface DecisionInput {
  readonly decision: 'approved' | 'rejected';
  /** What the decider was shown. */
  readonly evidenceDigest: Digest;
  readonly comment: string;
}

/** Approves or rejects, as a second person. */
@Injectable()
export class DecideApproval {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly approvals: ApprovalStore,
    private readonly audit: AuditTrail,
  ) {}

  execute(ctx: RequestContext, approvalId: string, input: DecisionInput): Promise<Approval> {
    return this.uow.run(ctx, async (tx) => {
      const open = await this.approvals.lock(tx, approvalId);
      if (open === undefined) throw approvalNotFound(approvalId);
      const now = this.audit.now();
      const decided = decide(open, { ...input, decider: ctx.principal }, now.getTime());
      await this.approvals.update(tx, decided);
      await this.publish(tx, ctx, decided, { ...input, decidedAt: now });
      return decided;
    });
  }

  private async publish(
    tx: Tx,
    ctx: RequestContext,
    approval: Approval,
    { decision, comment, decidedAt }: DecisionInput & { readonly decidedAt: Date },
  ): Promise<void> {
    const { approvalId, kind, subjectId, evidenceDigest, requestedBy } = approval;
    const subject = { approvalId, kind, subjectId, evidenceDigest, requestedBy, decision, comment };
    await tx.emit(approvalDecidedV1, {
      ...subject,
      tenantId: ctx.tenantId,
      decidedBy: ctx.principal.id,
      decidedAt: decidedAt.toISOString(),
    });
    await this.audit.record(tx, {
      actor: ctx.principal.id,
      action: `approval.${decision}`,
      object: approvalId,
      details: { kind, subjectId, evidenceDigest, requestedBy, comment },
    });
  }
}
