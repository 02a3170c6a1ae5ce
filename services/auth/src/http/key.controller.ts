import {
  authRoutes,
  type RouteBody as Body,
  type RouteParams as Params,
  type RouteQuery as Query,
  type RouteResponse as Response,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type PrincipalId, type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { FindKeys } from '../application/find-keys.js';
import { IssueKey } from '../application/issue-key.js';
import { RevokeKey } from '../application/revoke-key.js';
import { keyView } from './views.js';

@Controller()
export class KeyController {
  constructor(
    private readonly issueKey: IssueKey,
    private readonly revokeKey: RevokeKey,
    private readonly keys: FindKeys,
  ) {}

  @Handle(authRoutes.createKey)
  async create(
    @Ctx() ctx: RequestContext,
    @RouteBody() { principalId, scopes, expiresAt }: Body<typeof authRoutes.createKey>,
  ): Promise<Response<typeof authRoutes.createKey>> {
    const { key, text } = await this.issueKey.execute(ctx, {
      principalId: principalId as PrincipalId,
      scopes,
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
    });
    return { ...keyView(key), key: text };
  }

  @Handle(authRoutes.listKeys)
  async list(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: Query<typeof authRoutes.listKeys>,
  ): Promise<Response<typeof authRoutes.listKeys>> {
    return mapPage(await this.keys.list(ctx, query), keyView);
  }

  @Handle(authRoutes.revokeKey)
  async revoke(
    @Ctx() ctx: RequestContext,
    @RouteParams() { keyId }: Params<typeof authRoutes.revokeKey>,
  ): Promise<Response<typeof authRoutes.revokeKey>> {
    return keyView(await this.revokeKey.execute(ctx, keyId));
  }
}
