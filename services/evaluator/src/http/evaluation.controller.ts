import {
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  evaluatorRoutes as routes,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { CreateSuite } from '../application/create-suite.js';
import { QueueEvaluation } from '../application/queue-evaluation.js';
import { ReadState } from '../application/read-state.js';
import { WorkLoop } from '../application/work-loop.js';
import { presentEvaluation, presentSuite } from './presenters.js';

type Answer<K extends keyof typeof routes> = Promise<RouteResponse<(typeof routes)[K]>>;

@Controller()
export class EvaluationController {
  constructor(
    private readonly createSuites: CreateSuite,
    private readonly queue: QueueEvaluation,
    private readonly state: ReadState,
    private readonly loop: WorkLoop,
  ) {}

  @Handle(routes.createSuite)
  async createSuite(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<typeof routes.createSuite>,
  ): Answer<'createSuite'> {
    return presentSuite(await this.createSuites.execute(ctx, body));
  }

  @Handle(routes.listSuites)
  async listSuites(@RouteQuery() query: QueryOf<typeof routes.listSuites>): Answer<'listSuites'> {
    return mapPage(await this.state.listSuites({ pageSize: query.pageSize, pageToken: query.pageToken }), presentSuite);
  }

  @Handle(routes.getSuite)
  async getSuite(@RouteParams() params: ParamsOf<typeof routes.getSuite>): Answer<'getSuite'> {
    return presentSuite(await this.state.getSuite(params.name));
  }

  @Handle(routes.createEvaluation)
  async createEvaluation(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<typeof routes.createEvaluation>,
  ): Answer<'createEvaluation'> {
    const { modelName, version, suite } = body;
    const evaluation = await this.queue.onRequest(ctx, { modelName, version, suite });
    this.loop.wake();
    return presentEvaluation(evaluation);
  }

  @Handle(routes.listEvaluations)
  async listEvaluations(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: QueryOf<typeof routes.listEvaluations>,
  ): Answer<'listEvaluations'> {
    const { pageSize, pageToken, modelName, version } = query;
    return mapPage(
      await this.state.listEvaluations(ctx, { pageSize, pageToken, modelName, version }),
      presentEvaluation,
    );
  }

  @Handle(routes.getEvaluation)
  async getEvaluation(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<typeof routes.getEvaluation>,
  ): Answer<'getEvaluation'> {
    return presentEvaluation(await this.state.getEvaluation(ctx, params.evaluationId));
  }

  @Handle(routes.getEvidence)
  getEvidence(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<typeof routes.getEvidence>,
  ): Answer<'getEvidence'> {
    return this.state.getEvidence(ctx, params.evaluationId);
  }
}
