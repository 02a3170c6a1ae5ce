import { authRoutes, type RouteResponse as Response } from '@myriad/contracts';
import { CallerKeyId, Ctx, Handle } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { IssueToken } from '../application/issue-token.js';
import { RotateSigningKey } from '../application/rotate-signing-key.js';
import { SigningKeys } from '../application/signing-keys.js';

@Controller()
export class TokenController {
  constructor(
    private readonly issueToken: IssueToken,
    private readonly rotateSigningKey: RotateSigningKey,
    private readonly signingKeys: SigningKeys,
  ) {}

  @Handle(authRoutes.createToken)
  async create(
    @Ctx() ctx: RequestContext,
    @CallerKeyId() keyId: string | undefined,
  ): Promise<Response<typeof authRoutes.createToken>> {
    const { accessToken, expiresAt } = await this.issueToken.execute(ctx, keyId);
    return { accessToken, expiresAt: expiresAt.toISOString() };
  }

  @Handle(authRoutes.getJwks)
  jwks(): Promise<Response<typeof authRoutes.getJwks>> {
    return this.signingKeys.jwks();
  }

  @Handle(authRoutes.rotateSigningKey)
  async rotate(@Ctx() ctx: RequestContext): Promise<Response<typeof authRoutes.rotateSigningKey>> {
    const { kid, activeFrom } = await this.rotateSigningKey.execute(ctx);
    return { kid, activeFrom: activeFrom.toISOString() };
  }
}
