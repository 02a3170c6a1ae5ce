import {
  type RouteBody as BodyOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  mlflowRoutes as routes,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteQuery } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { TrackMlflowRuns } from '../../application/tracking/track-mlflow-runs.js';
import { pageToken, presentRun, presentRunInfo } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

const time = (milliseconds: number | undefined): Date | undefined =>
  milliseconds === undefined ? undefined : new Date(milliseconds);

/** MLflow's calls for runs. */
@Controller()
export class MlflowRunController {
  constructor(private readonly runs: TrackMlflowRuns) {}

  @Handle(routes.mlflowCreateRun)
  async create(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowCreateRun']>,
  ): Answer<'mlflowCreateRun'> {
    const run = await this.runs.create(ctx, {
      experimentId: body.experiment_id,
      userId: body.user_id,
      runName: body.run_name,
      startedAt: time(body.start_time),
      tags: body.tags,
    });
    return { run: presentRun(run) };
  }

  @Handle(routes.mlflowUpdateRun)
  async update(
    @Ctx() ctx: RequestContext,
    @RouteBody() { run_id: runId, status, end_time, run_name: runName }: BodyOf<Routes['mlflowUpdateRun']>,
  ): Answer<'mlflowUpdateRun'> {
    const info = await this.runs.update(ctx, runId, { status, endedAt: time(end_time), runName });
    return { run_info: presentRunInfo(info) };
  }

  @Handle(routes.mlflowGetRun)
  async get(@Ctx() ctx: RequestContext, @RouteQuery() query: QueryOf<Routes['mlflowGetRun']>): Answer<'mlflowGetRun'> {
    return { run: presentRun(await this.runs.get(ctx, query.run_id)) };
  }

  @Handle(routes.mlflowDeleteRun)
  async delete(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowDeleteRun']>,
  ): Answer<'mlflowDeleteRun'> {
    await this.runs.moveTo(ctx, body.run_id, 'deleted');
    return {};
  }

  @Handle(routes.mlflowRestoreRun)
  async restore(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowRestoreRun']>,
  ): Answer<'mlflowRestoreRun'> {
    await this.runs.moveTo(ctx, body.run_id, 'active');
    return {};
  }

  @Handle(routes.mlflowSearchRuns)
  async search(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowSearchRuns']>,
  ): Answer<'mlflowSearchRuns'> {
    const { items, nextPageToken } = await this.runs.search(ctx, body.experiment_ids, {
      filter: body.filter,
      orderBy: body.order_by,
      viewType: body.run_view_type,
      maxResults: body.max_results,
      pageToken: body.page_token || undefined,
    });
    return { runs: items.map(presentRun), ...pageToken(nextPageToken) };
  }
}
