import {
  type RouteBody as BodyOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  mlflowRoutes as routes,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteQuery } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { LogRunData } from '../../application/tracking/log-run-data.js';
import { pageToken, presentMetric } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

const NOTHING = { metrics: [], params: [], tags: [] };

/** MLflow's calls for what runs log. */
@Controller()
export class MlflowLogController {
  constructor(private readonly log: LogRunData) {}

  @Handle(routes.mlflowLogMetric)
  async logMetric(
    @Ctx() ctx: RequestContext,
    @RouteBody() { run_id: runId, ...point }: BodyOf<Routes['mlflowLogMetric']>,
  ): Answer<'mlflowLogMetric'> {
    await this.log.logBatch(ctx, runId, { ...NOTHING, metrics: [point] });
    return {};
  }

  @Handle(routes.mlflowLogParam)
  async logParam(
    @Ctx() ctx: RequestContext,
    @RouteBody() { run_id: runId, ...param }: BodyOf<Routes['mlflowLogParam']>,
  ): Answer<'mlflowLogParam'> {
    await this.log.logBatch(ctx, runId, { ...NOTHING, params: [param] });
    return {};
  }

  @Handle(routes.mlflowSetTag)
  async setTag(
    @Ctx() ctx: RequestContext,
    @RouteBody() { run_id: runId, ...tag }: BodyOf<Routes['mlflowSetTag']>,
  ): Answer<'mlflowSetTag'> {
    await this.log.setTag(ctx, runId, tag);
    return {};
  }

  @Handle(routes.mlflowDeleteTag)
  async deleteTag(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowDeleteTag']>,
  ): Answer<'mlflowDeleteTag'> {
    await this.log.deleteTag(ctx, body.run_id, body.key);
    return {};
  }

  @Handle(routes.mlflowLogBatch)
  async logBatch(
    @Ctx() ctx: RequestContext,
    @RouteBody() { run_id: runId, ...batch }: BodyOf<Routes['mlflowLogBatch']>,
  ): Answer<'mlflowLogBatch'> {
    await this.log.logBatch(ctx, runId, batch);
    return {};
  }

  @Handle(routes.mlflowLogInputs)
  async logInputs(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowLogInputs']>,
  ): Answer<'mlflowLogInputs'> {
    await this.log.logInputs(ctx, body.run_id, body.datasets);
    return {};
  }

  @Handle(routes.mlflowLogOutputs)
  async logOutputs(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowLogOutputs']>,
  ): Answer<'mlflowLogOutputs'> {
    const outputs = body.models.map(({ model_id: modelId, step }) => ({ modelId, step }));
    await this.log.logOutputs(ctx, body.run_id, outputs);
    return {};
  }

  @Handle(routes.mlflowGetMetricHistory)
  async history(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: QueryOf<Routes['mlflowGetMetricHistory']>,
  ): Answer<'mlflowGetMetricHistory'> {
    const page = { maxResults: query.max_results, pageToken: query.page_token || undefined };
    const { items, nextPageToken } = await this.log.history(ctx, query.run_id, query.metric_key, page);
    return { metrics: items.map(presentMetric), ...pageToken(nextPageToken) };
  }
}
