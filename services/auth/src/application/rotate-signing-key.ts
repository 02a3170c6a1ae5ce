import type { RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { SigningKey } from '../domain/signing-key.js';
import { AuditTrail } from './audit-trail.js';
import { TokenKeys } from './ports/token-keys.port.js';
import { SigningKeys } from './signing-keys.js';

/** Adds a key that will sign from soon on; the one before verifies until its last token has expired. */
@Injectable()
export class RotateSigningKey {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly tokenKeys: TokenKeys,
    private readonly signingKeys: SigningKeys,
    private readonly audit: AuditTrail,
  ) {}

  /** For the first start. */
  async ifThereIsNone(ctx: RequestContext): Promise<void> {
    const { keys } = await this.signingKeys.jwks();
    if (keys.length === 0) await this.execute(ctx);
  }

  async execute(ctx: RequestContext): Promise<SigningKey> {
    const pair = await this.tokenKeys.generate();
    return this.uow.run(ctx, async (tx) => {
      const key = await this.signingKeys.add(tx, pair);
      await this.audit.record(tx, {
        actor: ctx.principal.id,
        action: 'signing-key.rotated',
        object: key.kid,
        details: { activeFrom: key.activeFrom.toISOString() },
      });
      return key;
    });
  }
}
