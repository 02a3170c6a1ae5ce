import type { Clock, RequestContext } from '@myriad/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { TokenKeys } from './ports/token-keys.port.js';
import { SigningKeys } from './signing-keys.js';
import { CLOCK, SETTINGS, type AuthSettings } from './tokens.js';

/** A short-lived token for the caller, which can do no more than the caller can do now, where it acts now. */
@Injectable()
export class IssueToken {
  constructor(
    private readonly signingKeys: SigningKeys,
    private readonly tokenKeys: TokenKeys,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: AuthSettings,
  ) {}

  /** `keyId`: the API key that the caller came with; the token dies with it. */
  async execute(
    { principal }: RequestContext,
    keyId: string | undefined,
  ): Promise<{ readonly accessToken: string; readonly expiresAt: Date }> {
    const iat = Math.floor(this.clock.nowMs() / 1000);
    const exp = iat + this.settings.tokenLifeSeconds;
    const accessToken = await this.tokenKeys.sign(await this.signingKeys.active(), {
      sub: principal.id,
      htid: principal.homeTenantId,
      scp: [...principal.permissions].sort(),
      cid: keyId,
      iat,
      exp,
    });
    return { accessToken, expiresAt: new Date(exp * 1000) };
  }
}
