import { tenantKeyRotationRequestedV1 } from '@myriad/contracts';
import type { RequestContext, TenantId } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { assertNotPurged } from '../domain/tenant-purge.js';
import { AuditTrail } from './audit-trail.js';
import { tenantNotFound } from './find-tenants.js';
import { PurgeStore } from './ports/purge.store.js';
import { TenantStore } from './ports/tenant.store.js';

/** Asks whoever holds the tenant's key for a new version of it. */
@Injectable()
export class RotateTenantKey {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly tenants: TenantStore,
    private readonly purges: PurgeStore,
    private readonly audit: AuditTrail,
  ) {}

  /** @throws {ProblemError} `auth.tenant_not_found`, `auth.tenant_purged`. */
  execute(ctx: RequestContext, tenantId: TenantId): Promise<{ readonly requestedAt: Date }> {
    return this.uow.run({ ...ctx, tenantId }, async (tx) => {
      if (!(await this.tenants.find(tx, tenantId))) throw tenantNotFound(tenantId);
      assertNotPurged(await this.purges.find(tx, tenantId));
      const requestedAt = this.audit.now();
      const by = ctx.principal.id;
      await tx.emit(tenantKeyRotationRequestedV1, {
        tenantId,
        requestedBy: by,
        requestedAt: requestedAt.toISOString(),
      });
      await this.audit.record(tx, {
        actor: by,
        action: 'tenant.key-rotation-requested',
        object: tenantId,
        details: {},
      });
      return { requestedAt };
    });
  }
}
