import type { PrincipalId, RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { assertHolds, grantOf, type Binding } from '../domain/binding.js';
import { heldBindings, type Principal } from '../domain/principal.js';
import { permissionsOf } from './event-data.js';
import { principalNotFound } from './find-principals.js';
import { tenantNotFound } from './find-tenants.js';
import { PrincipalStore } from './ports/principal.store.js';
import { TenantStore } from './ports/tenant.store.js';

/**
 * Checks that a caller holds what it is about to give or take. Not to be called within a transaction: these are rows of other tenants.
 */
@Injectable()
export class CallerRights {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly principals: PrincipalStore,
    private readonly tenants: TenantStore,
  ) {}

  /** @throws {ProblemError} `auth.privilege_escalation`, or `auth.tenant_not_found` for a binding in a tenant that is none. */
  async assertMayBind(ctx: RequestContext, bindings: readonly Binding[]): Promise<void> {
    await this.assertHolds(ctx, bindings, []);
    const named = [...new Set(bindings.map((binding) => binding.tenantId))].filter((id) => id !== '*');
    if (named.length === 0) return;
    const existing = await this.uow.runAcrossTenants('bindings name tenants', (tx) => this.tenants.existing(tx, named));
    const missing = named.find((id) => !existing.has(id));
    if (missing !== undefined) throw tenantNotFound(missing);
  }

  /**
   * The principal of the acting tenant, of which the caller holds all that a key with these scopes would.
   * @throws {ProblemError} `auth.principal_not_found`, `auth.privilege_escalation`.
   */
  async principalWithin(ctx: RequestContext, principalId: PrincipalId, scopes: readonly string[]): Promise<Principal> {
    const principal = await this.uow.run(ctx, (tx) => this.principals.find(tx, principalId));
    if (principal === undefined) throw principalNotFound(principalId);
    await this.assertHolds(ctx, heldBindings(principal), scopes);
    return principal;
  }

  private async assertHolds(
    ctx: RequestContext,
    bindings: readonly Binding[],
    scopes: readonly string[],
  ): Promise<void> {
    if (bindings.length === 0) return;
    const home = { ...ctx, tenantId: ctx.principal.homeTenantId };
    const caller = await this.uow.run(home, (tx) => this.principals.find(tx, ctx.principal.id));
    const held = caller?.status === 'active' ? heldBindings(caller) : [];
    const grants = bindings.map((binding) => grantOf(binding, permissionsOf, scopes));
    assertHolds({ bindings: held, permissions: ctx.principal.permissions }, grants, permissionsOf);
  }
}
