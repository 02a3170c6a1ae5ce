import { tenantPurgedV1 } from '@myriad/contracts';
import type { RequestContext, TenantId } from '@myriad/kernel';
import { UnitOfWork, type Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import { callForPurge, type PurgeReceipt, type TenantPurge } from '../domain/tenant-purge.js';
import { AuditTrail } from './audit-trail.js';
import { tenantNotFound } from './find-tenants.js';
import { PurgeStore } from './ports/purge.store.js';
import { TenantStore } from './ports/tenant.store.js';

/** Destroys what a tenant had, when two people want it. */
@Injectable()
export class PurgeTenant {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly tenants: TenantStore,
    private readonly purges: PurgeStore,
    private readonly audit: AuditTrail,
  ) {}

  /** Asks for the purge, or, as the second person, sets it going. */
  execute(ctx: RequestContext, tenantId: TenantId, confirm: string): Promise<TenantPurge> {
    const by = ctx.principal.id;
    return this.uow.run({ ...ctx, tenantId }, async (tx) => {
      const tenant = await this.tenants.lock(tx, tenantId);
      if (tenant === undefined) throw tenantNotFound(tenantId);
      const before = await this.purges.find(tx, tenantId);
      const purge = callForPurge(tenant, before, { by, confirm, nowMs: this.audit.now().getTime() });
      if (purge === before) return purge;
      await this.purges.save(tx, purge);
      const { requestedBy, confirmedAt } = purge;
      if (confirmedAt)
        await tx.emit(tenantPurgedV1, { tenantId, requestedBy, confirmedBy: by, purgedAt: confirmedAt.toISOString() });
      const action = confirmedAt ? 'tenant.purged' : 'tenant.purge-requested';
      await this.audit.record(tx, { actor: by, action, object: tenantId, details: { requestedBy } });
      return purge;
    });
  }

  /** @throws {ProblemError} `auth.purge_not_found`. */
  async get(ctx: RequestContext, tenantId: TenantId): Promise<TenantPurge> {
    const purge = await this.uow.run({ ...ctx, tenantId }, (tx) => this.purges.find(tx, tenantId));
    if (!purge) throw authProblem('not-found', 'purge_not_found', `nobody asked to purge tenant '${tenantId}'`);
    return purge;
  }

  /** Keeps the receipt, in the tenant's chain as well. */
  async onShredded(tx: Tx, receipt: PurgeReceipt): Promise<void> {
    const purge = await this.purges.find(tx, tx.tenantId);
    if (purge) await this.purges.save(tx, { ...purge, receipt });
    const entry = { actor: 'sys_registry', action: 'tenant.shredded', object: tx.tenantId };
    await this.audit.record(tx, { ...entry, details: { ...receipt } });
  }
}
