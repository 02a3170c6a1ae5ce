import {
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  batchRoutes as routes,
} from '@myriad/contracts';
import { CallerEnvironment, Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { type JobOrder, type JobView, ManageJobs } from '../application/manage-jobs.js';
import { WorkLoop } from '../application/work-loop.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

@Controller()
export class BatchController {
  constructor(
    private readonly jobs: ManageJobs,
    private readonly loop: WorkLoop,
  ) {}

  @Handle(routes.createBatchJob)
  async createBatchJob(
    @Ctx() ctx: RequestContext,
    @CallerEnvironment() callerEnvironment: JobOrder['callerEnvironment'],
    @RouteBody() body: BodyOf<Routes['createBatchJob']>,
  ): Answer<'createBatchJob'> {
    const view = await this.jobs.create(ctx, {
      ...body,
      environment: body.environment,
      callerEnvironment,
      dataset: { name: body.dataset.name, version: body.dataset.version },
    });
    this.loop.wake();
    return present(view);
  }

  @Handle(routes.listBatchJobs)
  async listBatchJobs(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listBatchJobs']>,
  ): Answer<'listBatchJobs'> {
    return mapPage(await this.jobs.list(ctx, { pageSize, pageToken }), present);
  }

  @Handle(routes.getBatchJob)
  async getBatchJob(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['getBatchJob']>,
  ): Answer<'getBatchJob'> {
    return present(await this.jobs.get(ctx, params.batchJobId));
  }

  @Handle(routes.cancelBatchJob)
  async cancelBatchJob(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['cancelBatchJob']>,
  ): Answer<'cancelBatchJob'> {
    const view = await this.jobs.cancel(ctx, params.batchJobId);
    this.loop.wake();
    return present(view);
  }
}

function present({ job, progress, outputUrl, errorsUrl }: JobView): RouteResponse<Routes['getBatchJob']> {
  const { batchJobId, model, environment, dataset, outputFormat, status, reason, output, errors, createdBy } = job;
  return {
    batchJobId,
    modelName: model.modelName,
    version: model.version,
    environment,
    dataset: { name: dataset.name, version: dataset.version, digest: dataset.digest },
    outputFormat,
    status,
    reason,
    progress: { shards: job.shards ?? 0, ...progress },
    output: output && { ...output, url: outputUrl },
    errors: errors && { ...errors, url: errorsUrl },
    createdBy,
    createdAt: job.createdAt.toISOString(),
    endedAt: job.endedAt?.toISOString() ?? null,
  };
}
