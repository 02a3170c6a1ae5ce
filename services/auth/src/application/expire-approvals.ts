import { systemContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { AuditTrail } from './audit-trail.js';
import { ApprovalStore } from './ports/approval.store.js';
import { VoidApprovals } from './void-approvals.js';

/** Approvals a sweep ends at most. */
const BATCH = 200;

/** Ends approvals that nobody decided in time. */
@Injectable()
export class ExpireApprovals {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly approvals: ApprovalStore,
    private readonly voidApprovals: VoidApprovals,
    private readonly audit: AuditTrail,
  ) {}

  /** Answers how many were due. */
  async execute(): Promise<number> {
    const now = this.audit.now();
    const due = await this.uow.runAcrossTenants('approvals expire in every tenant', (tx) =>
      this.approvals.due(tx, now, BATCH),
    );
    for (const { tenantId, approvalId } of due) {
      await this.uow.run(systemContext('auth', tenantId), async (tx) => {
        const approval = await this.approvals.lock(tx, approvalId);
        if (approval !== undefined) await this.voidApprovals.all(tx, [approval], 'expired');
      });
    }
    return due.length;
  }
}
