import { principalChangedV1 } from '@myriad/contracts';
import type { PrincipalId, RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import { changedBindings, type Binding } from '../domain/binding.js';
import { changePrincipal, heldBindings, type Principal, type PrincipalChange } from '../domain/principal.js';
import { AuditTrail } from './audit-trail.js';
import { CallerRights } from './caller-rights.js';
import { principalChanged } from './event-data.js';
import { principalNotFound } from './find-principals.js';
import { PrincipalStore } from './ports/principal.store.js';

/** Changes a principal: its name, whether it may act at all, its role bindings. */
@Injectable()
export class UpdatePrincipal {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly principals: PrincipalStore,
    private readonly rights: CallerRights,
    private readonly audit: AuditTrail,
  ) {}

  async execute(ctx: RequestContext, principalId: PrincipalId, change: PrincipalChange): Promise<Principal> {
    const seen = await this.uow.run(ctx, (tx) => this.principals.find(tx, principalId));
    if (seen === undefined) throw principalNotFound(principalId);
    await this.rights.assertMayBind(ctx, touchedBindings(seen, change));
    return this.uow.run(ctx, async (tx) => {
      const before = await this.principals.lock(tx, principalId);
      if (before?.generation !== seen.generation)
        throw authProblem('conflict', 'changed_meanwhile', `'${principalId}' was changed at the same time; look again`);
      const principal = changePrincipal(before, change);
      await this.principals.update(tx, principal);
      await tx.emit(principalChangedV1, principalChanged(principal));
      await this.audit.record(tx, {
        actor: ctx.principal.id,
        action: change.bindings === undefined ? 'principal.changed' : 'principal.bindings-changed',
        object: principalId,
        details: { ...change },
      });
      return principal;
    });
  }
}

/** Who switches a principal on or off gives or takes all that it holds. */
function touchedBindings(principal: Principal, change: PrincipalChange): readonly Binding[] {
  if (change.status !== undefined) return heldBindings(principal);
  return change.bindings === undefined ? [] : changedBindings(principal.bindings, change.bindings);
}
