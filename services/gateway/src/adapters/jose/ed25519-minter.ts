import { INTERNAL_TOKEN_MAX_SECONDS, mintInternalToken, type InternalClaims, type InternalSigner } from '@myriad/http';
import type { Clock } from '@myriad/kernel';
import { InternalTokenMinter } from '../../application/ports.js';
import type { Session } from '../../application/session.js';

/** Mints Ed25519 tokens that live 60 s. `rid` names the request that the token was first minted for; each request has its own header. */
export class Ed25519Minter extends InternalTokenMinter {
  constructor(
    private readonly signer: () => InternalSigner,
    private readonly clock: Clock,
  ) {
    super();
  }

  async mint(
    { principal, tenantId, environment, permissions, keyId }: Session,
    audience: string,
    requestId: string,
  ): Promise<{ readonly token: string; readonly expiresAtMs: number }> {
    const claims: InternalClaims = {
      sub: principal.principalId,
      knd: principal.kind,
      tid: tenantId,
      htid: principal.homeTenantId,
      perms: [...permissions],
      env: environment as InternalClaims['env'],
      rid: requestId,
      cid: keyId,
    };
    const nowMs = this.clock.nowMs();
    const token = await mintInternalToken(this.signer(), claims, { audience, nowMs });
    return { token, expiresAtMs: nowMs + INTERNAL_TOKEN_MAX_SECONDS * 1000 };
  }
}
