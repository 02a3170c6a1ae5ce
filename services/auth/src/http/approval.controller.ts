import {
  authRoutes,
  type RouteBody as Body,
  type RouteParams as Params,
  type RouteQuery as Query,
  type RouteResponse as Response,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { DecideApproval } from '../application/decide-approval.js';
import { FindApprovals } from '../application/find-approvals.js';
import { approvalView } from './views.js';

@Controller()
export class ApprovalController {
  constructor(
    private readonly decideApproval: DecideApproval,
    private readonly approvals: FindApprovals,
  ) {}

  @Handle(authRoutes.listApprovals)
  async list(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: Query<typeof authRoutes.listApprovals>,
  ): Promise<Response<typeof authRoutes.listApprovals>> {
    return mapPage(await this.approvals.list(ctx, query), approvalView);
  }

  @Handle(authRoutes.getApproval)
  async get(
    @Ctx() ctx: RequestContext,
    @RouteParams() { approvalId }: Params<typeof authRoutes.getApproval>,
  ): Promise<Response<typeof authRoutes.getApproval>> {
    return approvalView(await this.approvals.get(ctx, approvalId));
  }

  @Handle(authRoutes.decideApproval)
  async decide(
    @Ctx() ctx: RequestContext,
    @RouteParams() { approvalId }: Params<typeof authRoutes.decideApproval>,
    @RouteBody() body: Body<typeof authRoutes.decideApproval>,
  ): Promise<Response<typeof authRoutes.decideApproval>> {
    return approvalView(await this.decideApproval.execute(ctx, approvalId, body));
  }
}
