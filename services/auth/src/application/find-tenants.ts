import {
  PLATFORM_TENANT,
  type Page,
  type PageRequest,
  type ProblemError,
  type RequestContext,
  type TenantId,
} from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import type { Tenant } from '../domain/tenant.js';
import { TenantStore } from './ports/tenant.store.js';

/** The acting tenant; for the platform, all of them. */
@Injectable()
export class FindTenants {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly tenants: TenantStore,
  ) {}

  list(ctx: RequestContext, page: PageRequest): Promise<Page<Tenant>> {
    if (ctx.tenantId === PLATFORM_TENANT)
      return this.uow.runAcrossTenants('the platform lists tenants', (tx) => this.tenants.list(tx, page));
    return this.uow.run(ctx, (tx) => this.tenants.list(tx, page));
  }

  async get(ctx: RequestContext, tenantId: TenantId): Promise<Tenant> {
    const isSeen = ctx.tenantId === PLATFORM_TENANT || ctx.tenantId === tenantId;
    const tenant = isSeen
      ? await this.uow.run({ ...ctx, tenantId }, (tx) => this.tenants.find(tx, tenantId))
      : undefined;
    if (tenant === undefined) throw tenantNotFound(tenantId);
    return tenant;
  }
}

export function tenantNotFound(tenantId: string): ProblemError {
  return authProblem('not-found', 'tenant_not_found', `there is no tenant '${tenantId}' that you can see`);
}
