import { tenantChangedV1 } from '@myriad/contracts';
import type { RequestContext, TenantId } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { changeTenant, type Tenant, type TenantChange } from '../domain/tenant.js';
import { AuditTrail } from './audit-trail.js';
import { tenantChanged } from './event-data.js';
import { tenantNotFound } from './find-tenants.js';
import { assertNotPurged } from '../domain/tenant-purge.js';
import { PurgeStore } from './ports/purge.store.js';
import { TenantStore } from './ports/tenant.store.js';

/** Renames, suspends, reactivates a tenant or sets its rate limit. */
@Injectable()
export class UpdateTenant {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly tenants: TenantStore,
    private readonly purges: PurgeStore,
    private readonly audit: AuditTrail,
  ) {}

  execute(ctx: RequestContext, tenantId: TenantId, change: TenantChange): Promise<Tenant> {
    return this.uow.run({ ...ctx, tenantId }, async (tx) => {
      const before = await this.tenants.lock(tx, tenantId);
      if (before === undefined) throw tenantNotFound(tenantId);
      const purge = await this.purges.find(tx, tenantId);
      assertNotPurged(purge);
      if (purge && change.status === 'active') await this.purges.delete(tx, tenantId); // taken back
      const tenant = changeTenant(before, change);
      await this.tenants.update(tx, tenant);
      await tx.emit(tenantChangedV1, tenantChanged(tenant));
      await this.audit.record(tx, {
        actor: ctx.principal.id,
        action: 'tenant.changed',
        object: tenantId,
        details: { ...change },
      });
      return tenant;
    });
  }
}
