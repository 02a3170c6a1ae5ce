import { authRoutes, type RouteQuery as Query, type RouteResponse as Response } from '@myriad/contracts';
import { Ctx, Handle, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { FindAudit } from '../application/find-audit.js';
import { auditView } from './views.js';

@Controller()
export class AuditController {
  constructor(private readonly audit: FindAudit) {}

  @Handle(authRoutes.listAudit)
  async list(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: Query<typeof authRoutes.listAudit>,
  ): Promise<Response<typeof authRoutes.listAudit>> {
    return mapPage(await this.audit.list(ctx, query), auditView);
  }

  @Handle(authRoutes.verifyAudit)
  verify(@Ctx() ctx: RequestContext): Promise<Response<typeof authRoutes.verifyAudit>> {
    return this.audit.verify(ctx);
  }
}
