import {
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  limitsSchema,
  trainingRoutes as routes,
} from '@myriad/contracts';
import { Ctx, type EventStream, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { ReadState } from '../application/read-state.js';
import { SubmitFleetRun } from '../application/submit-fleet-run.js';
import { WorkLoop } from '../application/work-loop.js';
import { presentFleetRun, presentFleetRunHead } from './presenters.js';
import { watchFleetRun } from './watch.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

@Controller()
export class FleetRunController {
  constructor(
    private readonly submit: SubmitFleetRun,
    private readonly state: ReadState,
    private readonly loop: WorkLoop,
  ) {}

  @Handle(routes.createFleetRun)
  async createFleetRun(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['createFleetRun']>,
  ): Answer<'createFleetRun'> {
    const { application, datasetName, tenants, recipe, recipeVersion, parameters, tenantsPerJob } = body;
    const fleetRunId = await this.submit.execute(ctx, {
      application,
      datasetName,
      tenants,
      recipe,
      recipeVersion,
      parameters,
      tenantsPerJob,
      limits: body.limits ?? limitsSchema.parse({}),
    });
    this.loop.wake();
    return presentFleetRun(await this.state.getFleetRun(ctx, fleetRunId));
  }

  @Handle(routes.listFleetRuns)
  async listFleetRuns(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listFleetRuns']>,
  ): Answer<'listFleetRuns'> {
    return mapPage(await this.state.listFleetRuns(ctx, { pageSize, pageToken }), presentFleetRunHead);
  }

  @Handle(routes.getFleetRun)
  async getFleetRun(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['getFleetRun']>,
  ): Answer<'getFleetRun'> {
    return presentFleetRun(await this.state.getFleetRun(ctx, params.fleetRunId));
  }

  @Handle(routes.cancelFleetRun)
  async cancelFleetRun(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['cancelFleetRun']>,
  ): Answer<'cancelFleetRun'> {
    const view = await this.state.cancelFleetRun(ctx, params.fleetRunId);
    this.loop.wake();
    return presentFleetRun(view);
  }

  @Handle(routes.watchFleetRun)
  async watchFleetRun(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['watchFleetRun']>,
  ): Promise<EventStream> {
    await this.state.getFleetRun(ctx, params.fleetRunId);
    return watchFleetRun(this.state, ctx, params.fleetRunId);
  }
}
