import { keyChangedV1 } from '@myriad/contracts';
import type { RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import type { Key } from '../domain/key.js';
import { AuditTrail } from './audit-trail.js';
import { keyChanged } from './event-data.js';
import { KeyStore } from './ports/key.store.js';

/** Revokes a key of the acting tenant; one that is revoked stays as it is. */
@Injectable()
export class RevokeKey {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly keys: KeyStore,
    private readonly audit: AuditTrail,
  ) {}

  execute(ctx: RequestContext, keyId: string): Promise<Key> {
    return this.uow.run(ctx, async (tx) => {
      const key = await this.keys.lock(tx, keyId);
      if (key === undefined) throw authProblem('not-found', 'key_not_found', `the acting tenant has no key '${keyId}'`);
      if (key.revokedAt !== null) return key;
      const revoked = { ...key, revokedAt: this.audit.now() };
      await this.keys.update(tx, revoked);
      await tx.emit(keyChangedV1, keyChanged(revoked, ctx.tenantId));
      await this.audit.record(tx, {
        actor: ctx.principal.id,
        action: 'key.revoked',
        object: keyId,
        details: { principalId: key.principalId, prefix: key.prefix },
      });
      return revoked;
    });
  }
}
