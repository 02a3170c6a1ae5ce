import type { Clock, RequestContext } from '@myriad/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { heldBindings, type Principal } from '../domain/principal.js';
import { permissionsOf } from './event-data.js';
import { TokenKeys, type TokenClaims } from './ports/token-keys.port.js';
import { SigningKeys } from './signing-keys.js';
import { CLOCK, SETTINGS, type AuthSettings } from './tokens.js';

/** A signed user token. */
export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresAt: Date;
}

/** Short-lived tokens of users. */
@Injectable()
export class IssueToken {
  constructor(
    private readonly signingKeys: SigningKeys,
    private readonly tokenKeys: TokenKeys,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: AuthSettings,
  ) {}

  /**
   * A token that can do no more than the caller can do now, where it acts now. `keyId`: the API key that the caller came with; the token
   * dies with it.
   */
  execute({ principal }: RequestContext, keyId: string | undefined): Promise<IssuedToken> {
    return this.sign({ sub: principal.id, htid: principal.homeTenantId, scp: [...principal.permissions], cid: keyId });
  }

  /** A token for all that the principal holds now. */
  forPrincipal(principal: Principal): Promise<IssuedToken> {
    const permissions = new Set(heldBindings(principal).flatMap(({ role }) => permissionsOf(role)));
    return this.sign({ sub: principal.principalId, htid: principal.homeTenantId, scp: [...permissions] });
  }

  private async sign({ scp, ...claims }: Omit<TokenClaims, 'iat' | 'exp'>): Promise<IssuedToken> {
    const iat = Math.floor(this.clock.nowMs() / 1000);
    const exp = iat + this.settings.tokenLifeSeconds;
    const key = await this.signingKeys.active();
    const accessToken = await this.tokenKeys.sign(key, { ...claims, scp: [...scp].sort(), iat, exp });
    return { accessToken, expiresAt: new Date(exp * 1000) };
  }
}
