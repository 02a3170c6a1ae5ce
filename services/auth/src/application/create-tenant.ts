import { tenantChangedV1 } from '@myriad/contracts';
import type { RequestContext, TenantId } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import { DEFAULT_RATE_LIMIT, type RateLimit, type Tenant } from '../domain/tenant.js';
import { AuditTrail } from './audit-trail.js';
import { tenantChanged } from './event-data.js';
import { TenantStore } from './ports/tenant.store.js';

export interface NewTenant {
  readonly tenantId: TenantId;
  readonly displayName: string;
  readonly rateLimit?: RateLimit | undefined;
}

/** Makes a tenant; its own chain begins with the record of it. */
@Injectable()
export class CreateTenant {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly tenants: TenantStore,
    private readonly audit: AuditTrail,
  ) {}

  async execute(ctx: RequestContext, { tenantId, displayName, rateLimit }: NewTenant): Promise<Tenant> {
    const tenant: Tenant = {
      tenantId,
      displayName,
      status: 'active',
      rateLimit: rateLimit ?? DEFAULT_RATE_LIMIT,
      generation: 1,
      createdAt: this.audit.now(),
    };
    return this.uow.run({ ...ctx, tenantId }, async (tx) => {
      if (!(await this.tenants.insert(tx, tenant)))
        throw authProblem('conflict', 'tenant_exists', `there is a tenant '${tenantId}' already`);
      await tx.emit(tenantChangedV1, tenantChanged(tenant));
      await this.audit.record(tx, {
        actor: ctx.principal.id,
        action: 'tenant.created',
        object: tenantId,
        details: { displayName, rateLimit: tenant.rateLimit },
      });
      return tenant;
    });
  }
}
