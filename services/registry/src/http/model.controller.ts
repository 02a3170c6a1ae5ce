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
import { ManageModels } from '../application/manage-models.js';
import { SearchModels } from '../application/search-models.js';
import { presentCounts, presentModel } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

@Controller()
export class ModelController {
  constructor(
    private readonly models: ManageModels,
    private readonly search: SearchModels,
  ) {}

  @Handle(routes.listModels)
  async listModels(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { pageSize, pageToken, application, filter, orderBy, deleted }: QueryOf<Routes['listModels']>,
  ): Answer<'listModels'> {
    return mapPage(
      await this.search.models(ctx, {
        page: { pageSize, pageToken },
        filter,
        orderBy,
        application,
        isDeleted: deleted === 'true',
      }),
      presentModel,
    );
  }

  @Handle(routes.createModel)
  async createModel(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['createModel']>,
  ): Answer<'createModel'> {
    return presentModel(await this.models.create(ctx, { ...body, application: body.application }));
  }

  @Handle(routes.getModel)
  async getModel(@Ctx() ctx: RequestContext, @RouteParams() params: ParamsOf<Routes['getModel']>): Answer<'getModel'> {
    return presentModel(await this.models.get(ctx, params.name));
  }

  @Handle(routes.updateModel)
  async updateModel(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['updateModel']>,
    @RouteBody() body: BodyOf<Routes['updateModel']>,
  ): Answer<'updateModel'> {
    return presentModel(await this.models.describe(ctx, params.name, body.description));
  }

  @Handle(routes.deleteModel)
  async deleteModel(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['deleteModel']>,
  ): Answer<'deleteModel'> {
    await this.models.delete(ctx, params.name);
  }

  @Handle(routes.restoreModel)
  async restoreModel(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['restoreModel']>,
  ): Answer<'restoreModel'> {
    return presentModel(await this.models.restore(ctx, params.name));
  }

  @Handle(routes.tagModel)
  async tagModel(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['tagModel']>,
    @RouteBody() body: BodyOf<Routes['tagModel']>,
  ): Answer<'tagModel'> {
    return presentModel(await this.models.tag(ctx, params.name, body));
  }

  @Handle(routes.countModels)
  async countModels(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { filter }: QueryOf<Routes['countModels']>,
  ): Answer<'countModels'> {
    return presentCounts(await this.search.count(ctx, filter));
  }
}
