import {
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  trainingRoutes as routes,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { type Experiment, TrackRuns } from '../application/track-runs.js';
import { presentRun } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

const presentExperiment = (experiment: Experiment): RouteResponse<Routes['createExperiment']> => ({
  ...experiment,
  createdAt: experiment.createdAt.toISOString(),
});

@Controller()
export class RunController {
  constructor(private readonly runs: TrackRuns) {}

  @Handle(routes.createExperiment)
  async createExperiment(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['createExperiment']>,
  ): Answer<'createExperiment'> {
    return presentExperiment(await this.runs.createExperiment(ctx, body));
  }

  @Handle(routes.listExperiments)
  async listExperiments(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listExperiments']>,
  ): Answer<'listExperiments'> {
    return mapPage(await this.runs.listExperiments(ctx, { pageSize, pageToken }), presentExperiment);
  }

  @Handle(routes.createRun)
  async createRun(@Ctx() ctx: RequestContext, @RouteBody() body: BodyOf<Routes['createRun']>): Answer<'createRun'> {
    return presentRun(
      await this.runs.createRun(ctx, {
        experiment: body.experiment,
        modelName: body.modelName ?? null,
        parameters: body.parameters,
      }),
    );
  }

  @Handle(routes.listRuns)
  async listRuns(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { pageSize, pageToken, experiment, fleetRunId }: QueryOf<Routes['listRuns']>,
  ): Answer<'listRuns'> {
    return mapPage(await this.runs.listRuns(ctx, { pageSize, pageToken, experiment, fleetRunId }), presentRun);
  }

  @Handle(routes.getRun)
  async getRun(@Ctx() ctx: RequestContext, @RouteParams() params: ParamsOf<Routes['getRun']>): Answer<'getRun'> {
    return presentRun(await this.runs.getRun(ctx, params.runId));
  }

  @Handle(routes.logRunMetrics)
  async logRunMetrics(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['logRunMetrics']>,
    @RouteBody() body: BodyOf<Routes['logRunMetrics']>,
  ): Answer<'logRunMetrics'> {
    const now = Date.now();
    await this.runs.logMetrics(
      ctx,
      params.runId,
      body.metrics.map((point) => ({ ...point, timestampMs: point.timestampMs ?? now })),
    );
    return null;
  }

  @Handle(routes.listRunMetrics)
  async listRunMetrics(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['listRunMetrics']>,
    @RouteQuery() { pageSize, pageToken, name }: QueryOf<Routes['listRunMetrics']>,
  ): Answer<'listRunMetrics'> {
    return mapPage(await this.runs.listMetrics(ctx, params.runId, { pageSize, pageToken, name }), (point) => ({
      ...point,
    }));
  }

  @Handle(routes.completeRun)
  async completeRun(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['completeRun']>,
    @RouteBody() body: BodyOf<Routes['completeRun']>,
  ): Answer<'completeRun'> {
    return presentRun(await this.runs.complete(ctx, params.runId, body));
  }
}
