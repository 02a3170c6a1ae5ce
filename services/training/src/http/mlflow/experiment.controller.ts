import {
  type RouteBody as BodyOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  mlflowRoutes as routes,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteQuery } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { TrackExperiments } from '../../application/tracking/track-experiments.js';
import { pageToken, presentExperiment } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

/** MLflow's calls for experiments. */
@Controller()
export class MlflowExperimentController {
  constructor(private readonly experiments: TrackExperiments) {}

  @Handle(routes.mlflowCreateExperiment)
  async create(
    @Ctx() ctx: RequestContext,
    @RouteBody() { name, artifact_location: artifactLocation, tags }: BodyOf<Routes['mlflowCreateExperiment']>,
  ): Answer<'mlflowCreateExperiment'> {
    const location = artifactLocation === '' ? undefined : artifactLocation;
    return { experiment_id: await this.experiments.create(ctx, { name, artifactLocation: location, tags }) };
  }

  @Handle(routes.mlflowGetExperiment)
  async get(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: QueryOf<Routes['mlflowGetExperiment']>,
  ): Answer<'mlflowGetExperiment'> {
    return { experiment: presentExperiment(await this.experiments.get(ctx, query.experiment_id)) };
  }

  @Handle(routes.mlflowGetExperimentByName)
  async getByName(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: QueryOf<Routes['mlflowGetExperimentByName']>,
  ): Answer<'mlflowGetExperimentByName'> {
    return { experiment: presentExperiment(await this.experiments.getByName(ctx, query.experiment_name)) };
  }

  @Handle(routes.mlflowSearchExperiments)
  async search(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowSearchExperiments']>,
  ): Answer<'mlflowSearchExperiments'> {
    const { items, nextPageToken } = await this.experiments.search(ctx, {
      filter: body.filter,
      orderBy: body.order_by,
      viewType: body.view_type,
      maxResults: body.max_results,
      pageToken: body.page_token || undefined,
    });
    return { experiments: items.map(presentExperiment), ...pageToken(nextPageToken) };
  }

  @Handle(routes.mlflowDeleteExperiment)
  async delete(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowDeleteExperiment']>,
  ): Answer<'mlflowDeleteExperiment'> {
    await this.experiments.moveTo(ctx, body.experiment_id, 'deleted');
    return {};
  }

  @Handle(routes.mlflowRestoreExperiment)
  async restore(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowRestoreExperiment']>,
  ): Answer<'mlflowRestoreExperiment'> {
    await this.experiments.moveTo(ctx, body.experiment_id, 'active');
    return {};
  }

  @Handle(routes.mlflowUpdateExperiment)
  async update(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowUpdateExperiment']>,
  ): Answer<'mlflowUpdateExperiment'> {
    await this.experiments.rename(ctx, body.experiment_id, body.new_name);
    return {};
  }

  @Handle(routes.mlflowSetExperimentTag)
  async setTag(
    @Ctx() ctx: RequestContext,
    @RouteBody() { experiment_id: experimentId, key, value }: BodyOf<Routes['mlflowSetExperimentTag']>,
  ): Answer<'mlflowSetExperimentTag'> {
    await this.experiments.setTag(ctx, experimentId, { key, value });
    return {};
  }

  @Handle(routes.mlflowDeleteExperimentTag)
  async deleteTag(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['mlflowDeleteExperimentTag']>,
  ): Answer<'mlflowDeleteExperimentTag'> {
    await this.experiments.deleteTag(ctx, body.experiment_id, body.key);
    return {};
  }
}
