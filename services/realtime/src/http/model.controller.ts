import { realtimeRoutes, type RouteParams as ParamsOf, type RouteResponse } from '@myriad/contracts';
import { Ctx, Handle, RouteParams } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { configOf, metadataOf, statisticsOf } from '../application/describe-model.js';
import { FindModel } from '../application/find-model.js';
import { ManageRepository } from '../application/manage-repository.js';
import { assertMayRead } from '../application/may-read.js';

type ByModel = ParamsOf<typeof realtimeRoutes.modelMetadata>;
type ByVersion = ParamsOf<typeof realtimeRoutes.modelVersionMetadata>;
type Metadata = RouteResponse<typeof realtimeRoutes.modelMetadata>;
type Config = RouteResponse<typeof realtimeRoutes.modelConfig>;
type Statistics = RouteResponse<typeof realtimeRoutes.modelStatistics>;

/** What is said of models. */
@Controller()
export class ModelController {
  constructor(
    private readonly models: FindModel,
    private readonly repository: ManageRepository,
  ) {}

  @Handle(realtimeRoutes.modelMetadata)
  metadata(@Ctx() ctx: RequestContext, @RouteParams() { model }: ByModel): Metadata {
    assertMayRead(ctx);
    return metadataOf(this.models.find(ctx, model));
  }

  @Handle(realtimeRoutes.modelVersionMetadata)
  versionMetadata(@Ctx() ctx: RequestContext, @RouteParams() { model, version }: ByVersion): Metadata {
    assertMayRead(ctx);
    return metadataOf(this.models.find(ctx, model, version));
  }

  @Handle(realtimeRoutes.modelReady)
  async ready(@Ctx() ctx: RequestContext, @RouteParams() { model }: ByModel): Promise<void> {
    assertMayRead(ctx);
    await this.models.bringIn(ctx, model);
  }

  @Handle(realtimeRoutes.modelVersionReady)
  async versionReady(@Ctx() ctx: RequestContext, @RouteParams() { model, version }: ByVersion): Promise<void> {
    assertMayRead(ctx);
    await this.models.bringIn(ctx, model, version);
  }

  @Handle(realtimeRoutes.modelConfig)
  config(@Ctx() ctx: RequestContext, @RouteParams() { model }: ByModel): Config {
    assertMayRead(ctx);
    return configOf(this.models.find(ctx, model));
  }

  @Handle(realtimeRoutes.modelVersionConfig)
  versionConfig(@Ctx() ctx: RequestContext, @RouteParams() { model, version }: ByVersion): Config {
    assertMayRead(ctx);
    return configOf(this.models.find(ctx, model, version));
  }

  @Handle(realtimeRoutes.modelStatistics)
  statistics(@Ctx() ctx: RequestContext, @RouteParams() { model }: ByModel): Statistics {
    assertMayRead(ctx);
    return { model_stats: [statisticsOf(this.repository.statisticsOf(ctx, model))] };
  }

  @Handle(realtimeRoutes.modelVersionStatistics)
  versionStatistics(@Ctx() ctx: RequestContext, @RouteParams() { model, version }: ByVersion): Statistics {
    assertMayRead(ctx);
    return { model_stats: [statisticsOf(this.repository.statisticsOf(ctx, model, version))] };
  }
}
