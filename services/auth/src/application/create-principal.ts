import { principalChangedV1 } from '@myriad/contracts';
import { newId, type PrincipalId, type RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { Binding } from '../domain/binding.js';
import { PRINCIPAL_ID_PREFIX, type Principal, type PrincipalKind } from '../domain/principal.js';
import { AuditTrail } from './audit-trail.js';
import { CallerRights } from './caller-rights.js';
import { principalChanged } from './event-data.js';
import { PrincipalStore } from './ports/principal.store.js';

export interface NewPrincipal {
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly bindings: readonly Binding[];
}

/** Makes a user or service account at home in the acting tenant. */
@Injectable()
export class CreatePrincipal {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly principals: PrincipalStore,
    private readonly rights: CallerRights,
    private readonly audit: AuditTrail,
  ) {}

  async execute(ctx: RequestContext, { kind, name, bindings }: NewPrincipal): Promise<Principal> {
    await this.rights.assertMayBind(ctx, bindings);
    const principal: Principal = {
      principalId: newId(PRINCIPAL_ID_PREFIX[kind]) as PrincipalId,
      kind,
      name,
      homeTenantId: ctx.tenantId,
      status: 'active',
      bindings,
      groupBindings: [],
      generation: 1,
      createdAt: this.audit.now(),
    };
    return this.uow.run(ctx, async (tx) => {
      await this.principals.insert(tx, principal);
      await tx.emit(principalChangedV1, principalChanged(principal));
      await this.audit.record(tx, {
        actor: ctx.principal.id,
        action: 'principal.created',
        object: principal.principalId,
        details: { kind, name, bindings },
      });
      return principal;
    });
  }
}
