import {
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  registryRoutes as routes,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { MoveAliases } from '../application/move-aliases.js';
import { ReadAlias } from '../application/read-alias.js';
import { presentAlias, presentAliasMove } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

@Controller()
export class AliasController {
  constructor(
    private readonly aliases: MoveAliases,
    private readonly read: ReadAlias,
  ) {}

  @Handle(routes.listAliases)
  async listAliases(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['listAliases']>,
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listAliases']>,
  ): Answer<'listAliases'> {
    return mapPage(await this.aliases.list(ctx, params.name, { pageSize, pageToken }), presentAlias);
  }

  /** As of a time; where it points now is answered by the direct door (`AliasRoutes`). */
  @Handle(routes.getAlias)
  async getAlias(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['getAlias']>,
    @RouteQuery() { asOf }: QueryOf<Routes['getAlias']>,
  ): Answer<'getAlias'> {
    return presentAlias(
      await this.read.execute(ctx, params.name, params.alias, asOf === undefined ? undefined : new Date(asOf)),
    );
  }

  @Handle(routes.moveAlias)
  async moveAlias(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['moveAlias']>,
    @RouteBody() body: BodyOf<Routes['moveAlias']>,
  ): Answer<'moveAlias'> {
    return presentAlias(
      await this.aliases.moveOnRequest(ctx, { modelName: params.name, alias: params.alias, ...body }),
    );
  }

  @Handle(routes.removeAlias)
  async removeAlias(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['removeAlias']>,
    @RouteQuery() { reason }: QueryOf<Routes['removeAlias']>,
  ): Answer<'removeAlias'> {
    await this.aliases.removeOnRequest(ctx, { modelName: params.name, alias: params.alias, reason });
  }

  @Handle(routes.listAliasHistory)
  async listAliasHistory(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['listAliasHistory']>,
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listAliasHistory']>,
  ): Answer<'listAliasHistory'> {
    return mapPage(
      await this.aliases.history(ctx, params.name, params.alias, { pageSize, pageToken }),
      presentAliasMove,
    );
  }
}
