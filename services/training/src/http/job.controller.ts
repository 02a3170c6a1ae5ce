import {
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  limitsSchema,
  trainingRoutes as routes,
} from '@myriad/contracts';
import { Ctx, type EventStream, Handle, LastEventId, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { ManageRecipes } from '../application/manage-recipes.js';
import { ReadState } from '../application/read-state.js';
import { SubmitJob } from '../application/submit-job.js';
import { WorkLoop } from '../application/work-loop.js';
import { presentJob, presentRecipe } from './presenters.js';
import { watchJob } from './watch.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

@Controller()
export class JobController {
  constructor(
    private readonly recipes: ManageRecipes,
    private readonly submit: SubmitJob,
    private readonly state: ReadState,
    private readonly loop: WorkLoop,
  ) {}

  @Handle(routes.createRecipe)
  async createRecipe(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['createRecipe']>,
  ): Answer<'createRecipe'> {
    return presentRecipe(await this.recipes.create(ctx, body));
  }

  @Handle(routes.listRecipes)
  async listRecipes(@RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listRecipes']>): Answer<'listRecipes'> {
    return mapPage(await this.recipes.list({ pageSize, pageToken }), presentRecipe);
  }

  @Handle(routes.getRecipe)
  async getRecipe(@RouteParams() params: ParamsOf<Routes['getRecipe']>): Answer<'getRecipe'> {
    return presentRecipe(await this.recipes.get(params.name));
  }

  @Handle(routes.createJob)
  async createJob(@Ctx() ctx: RequestContext, @RouteBody() body: BodyOf<Routes['createJob']>): Answer<'createJob'> {
    const { recipe, source, entryPoint, modelName, application, experiment, datasets, parameters } = body;
    const view = await this.submit.execute(ctx, {
      recipe,
      source,
      entryPoint,
      modelName,
      application,
      experiment,
      datasets,
      parameters,
      limits: body.limits ?? limitsSchema.parse({}),
    });
    this.loop.wake();
    return presentJob(view);
  }

  @Handle(routes.listJobs)
  async listJobs(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { pageSize, pageToken, status }: QueryOf<Routes['listJobs']>,
  ): Answer<'listJobs'> {
    return mapPage(await this.state.listJobs(ctx, { pageSize, pageToken, status }), presentJob);
  }

  @Handle(routes.getJob)
  async getJob(@Ctx() ctx: RequestContext, @RouteParams() params: ParamsOf<Routes['getJob']>): Answer<'getJob'> {
    return presentJob(await this.state.getJob(ctx, params.jobId));
  }

  @Handle(routes.cancelJob)
  async cancelJob(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['cancelJob']>,
  ): Answer<'cancelJob'> {
    const view = await this.state.cancelJob(ctx, params.jobId);
    this.loop.wake();
    return presentJob(view);
  }

  @Handle(routes.getJobLogs)
  async getJobLogs(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['getJobLogs']>,
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['getJobLogs']>,
  ): Answer<'getJobLogs'> {
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    return mapPage(
      await this.state.jobLogs(ctx, params.jobId, { pageSize, pageToken }),
      ({ sequence, at, taskId, data }) => ({
        sequence,
        at: at.toISOString(),
        taskId,
        level: text(data['level']),
        message: text(data['message']),
      }),
    );
  }

  @Handle(routes.watchJob)
  async watchJob(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['watchJob']>,
    @LastEventId() lastEventId: string | undefined,
  ): Promise<EventStream> {
    await this.state.getJob(ctx, params.jobId);
    return watchJob(this.state, ctx, params.jobId, lastEventId);
  }
}
