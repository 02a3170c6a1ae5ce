import { type RouteBody as BodyOf, type RouteResponse, registryRoutes as routes } from '@myriad/contracts';
import { Ctx, Handle, RouteBody } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { BulkModels, type BulkResults } from '../application/bulk-models.js';
import { presentModel } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

function presentResults({ changed, failed, items }: BulkResults): RouteResponse<Routes['tagModels']> {
  return { changed, failed, items: items.map((item) => ({ ...item })) };
}

@Controller()
export class BulkController {
  constructor(private readonly models: BulkModels) {}

  @Handle(routes.getModels)
  async getModels(
    @Ctx() ctx: RequestContext,
    @RouteBody() { names }: BodyOf<Routes['getModels']>,
  ): Answer<'getModels'> {
    const found = await this.models.get(ctx, names);
    return {
      items: names.map((name) => {
        const model = found.get(name);
        return { name, model: model ? presentModel(model) : null };
      }),
    };
  }

  @Handle(routes.tagModels)
  async tagModels(@Ctx() ctx: RequestContext, @RouteBody() body: BodyOf<Routes['tagModels']>): Answer<'tagModels'> {
    return presentResults(await this.models.tag(ctx, body.items, body));
  }

  @Handle(routes.moveAliases)
  async moveAliases(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['moveAliases']>,
  ): Answer<'moveAliases'> {
    return presentResults(await this.models.moveAliases(ctx, body.items, body));
  }
}
