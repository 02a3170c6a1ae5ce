import type { Page, ProblemError, RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { Approval } from '../domain/approval.js';
import { authProblem } from '../domain/auth-problem.js';
import { ApprovalStore, type ApprovalQuery } from './ports/approval.store.js';

/** Approvals of the acting tenant. */
@Injectable()
export class FindApprovals {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly approvals: ApprovalStore,
  ) {}

  list(ctx: RequestContext, query: ApprovalQuery): Promise<Page<Approval>> {
    return this.uow.run(ctx, (tx) => this.approvals.list(tx, query));
  }

  /** @throws {ProblemError} `auth.approval_not_found`. */
  async get(ctx: RequestContext, approvalId: string): Promise<Approval> {
    const approval = await this.uow.run(ctx, (tx) => this.approvals.find(tx, approvalId));
    if (approval === undefined) throw approvalNotFound(approvalId);
    return approval;
  }
}

export function approvalNotFound(approvalId: string): ProblemError {
  return authProblem('not-found', 'approval_not_found', `the acting tenant has no approval '${approvalId}'`);
}
