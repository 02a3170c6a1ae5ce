import { randomBytes } from 'node:crypto';
import { keyChangedV1 } from '@myriad/contracts';
import { newId, type PrincipalId, type RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { generateApiKey } from '../domain/api-key.js';
import { authProblem } from '../domain/auth-problem.js';
import type { Key } from '../domain/key.js';
import { AuditTrail } from './audit-trail.js';
import { CallerRights } from './caller-rights.js';
import { keyChanged } from './event-data.js';
import { KeyStore } from './ports/key.store.js';

export interface NewKey {
  readonly principalId: PrincipalId;
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
}

/** Issues an API key to a principal of the acting tenant. Its text is in the answer and nowhere else. */
@Injectable()
export class IssueKey {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly keys: KeyStore,
    private readonly rights: CallerRights,
    private readonly audit: AuditTrail,
  ) {}

  async execute(ctx: RequestContext, input: NewKey): Promise<{ readonly key: Key; readonly text: string }> {
    const { principalId, scopes, expiresAt } = input;
    const now = this.audit.now();
    if (expiresAt !== null && expiresAt <= now)
      throw authProblem(
        'invalid',
        'expiry_past',
        `expiresAt ${expiresAt.toISOString()} must be after ${now.toISOString()}`,
      );
    const principal = await this.rights.principalWithin(ctx, principalId, scopes);
    if (principal.status === 'disabled')
      throw authProblem('conflict', 'principal_disabled', `'${principalId}' is disabled; enable it first`);
    const { text, prefix, hash } = generateApiKey(randomBytes);
    const key: Key = {
      keyId: newId('key'),
      prefix,
      hash,
      principalId,
      scopes,
      expiresAt,
      revokedAt: null,
      createdBy: ctx.principal.id,
      createdAt: now,
    };
    await this.save(ctx, key);
    return { key, text };
  }

  private save(ctx: RequestContext, key: Key): Promise<void> {
    return this.uow.run(ctx, async (tx) => {
      if (!(await this.keys.insert(tx, key)))
        throw authProblem('unavailable', 'prefix_taken', 'try again', { retryAfterSeconds: 0 });
      await tx.emit(keyChangedV1, keyChanged(key, ctx.tenantId));
      const { keyId, prefix, principalId, scopes, expiresAt } = key;
      await this.audit.record(tx, {
        actor: ctx.principal.id,
        action: 'key.issued',
        object: keyId,
        details: { principalId, prefix, scopes, expiresAt: expiresAt?.toISOString() ?? null },
      });
    });
  }
}
