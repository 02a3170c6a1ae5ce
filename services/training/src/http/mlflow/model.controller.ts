import {
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteResponse,
  mlflowRoutes as routes,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { LogModels } from '../../application/tracking/log-models.js';
import { presentModel } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

/** MLflow's calls for models that runs log. */
@Controller()
export class MlflowModelController {
  constructor(private readonly models: LogModels) {}

  @Handle(routes.mlflowCreateLoggedModel)
  async create(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowCreateLoggedModel']>,
  ): Answer<'mlflowCreateLoggedModel'> {
    const { experiment_id, model_type, source_run_id, ...rest } = body;
    const names = { experimentId: experiment_id, modelType: model_type, sourceRunId: source_run_id };
    return { model: presentModel(await this.models.create(ctx, { ...rest, ...names })) };
  }

  @Handle(routes.mlflowGetLoggedModel)
  async get(
    @Ctx() ctx: RequestContext,
    @RouteParams() { modelId }: ParamsOf<Routes['mlflowGetLoggedModel']>,
  ): Answer<'mlflowGetLoggedModel'> {
    return { model: presentModel(await this.models.get(ctx, modelId)) };
  }

  @Handle(routes.mlflowFinalizeLoggedModel)
  async finalize(
    @Ctx() ctx: RequestContext,
    @RouteParams() { modelId }: ParamsOf<Routes['mlflowFinalizeLoggedModel']>,
    @RouteBody() { status }: BodyOf<Routes['mlflowFinalizeLoggedModel']>,
  ): Answer<'mlflowFinalizeLoggedModel'> {
    return { model: presentModel(await this.models.finalize(ctx, modelId, status)) };
  }

  @Handle(routes.mlflowSetLoggedModelTags)
  async setTags(
    @Ctx() ctx: RequestContext,
    @RouteParams() { modelId }: ParamsOf<Routes['mlflowSetLoggedModelTags']>,
    @RouteBody() { tags }: BodyOf<Routes['mlflowSetLoggedModelTags']>,
  ): Answer<'mlflowSetLoggedModelTags'> {
    return { model: presentModel(await this.models.setTags(ctx, modelId, tags)) };
  }

  @Handle(routes.mlflowLogLoggedModelParams)
  async addParams(
    @Ctx() ctx: RequestContext,
    @RouteParams() { modelId }: ParamsOf<Routes['mlflowLogLoggedModelParams']>,
    @RouteBody() { params }: BodyOf<Routes['mlflowLogLoggedModelParams']>,
  ): Answer<'mlflowLogLoggedModelParams'> {
    await this.models.addParams(ctx, modelId, params);
    return {};
  }
}
