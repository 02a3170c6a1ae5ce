import {
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  deployerRoutes,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { ReadState } from '../application/read-state.js';
import { RollBack } from '../application/roll-back.js';
import { SteerTrial } from '../application/steer-trial.js';
import { ENVIRONMENTS, type EnvironmentName } from '../domain/environment.js';
import { presentCost, presentPlacement, presentPool, presentRollout } from './presenters.js';

type Answer<K extends keyof typeof deployerRoutes> = Promise<RouteResponse<(typeof deployerRoutes)[K]>>;

@Controller()
export class DeployerController {
  constructor(
    private readonly state: ReadState,
    private readonly rollBack: RollBack,
    private readonly trials: SteerTrial,
  ) {}

  @Handle(deployerRoutes.listEnvironments)
  async listEnvironments(): Answer<'listEnvironments'> {
    return { items: await Promise.all(ENVIRONMENTS.map((name) => this.environment(name))) };
  }

  @Handle(deployerRoutes.getEnvironment)
  getEnvironment(@RouteParams() params: ParamsOf<typeof deployerRoutes.getEnvironment>): Answer<'getEnvironment'> {
    return this.environment(params.environment);
  }

  @Handle(deployerRoutes.listPools)
  async listPools(@RouteQuery() query: QueryOf<typeof deployerRoutes.listPools>): Answer<'listPools'> {
    const pools = await this.state.listPools();
    return {
      items: pools
        .filter((pool) => query.environment === undefined || pool.environment === query.environment)
        .map(presentPool),
    };
  }

  @Handle(deployerRoutes.listPlacements)
  async listPlacements(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: QueryOf<typeof deployerRoutes.listPlacements>,
  ): Answer<'listPlacements'> {
    const { pageSize, pageToken, environment, modelName } = query;
    return mapPage(
      await this.state.listPlacements(ctx, { pageSize, pageToken, environment, modelName }),
      presentPlacement,
    );
  }

  @Handle(deployerRoutes.listRollouts)
  async listRollouts(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: QueryOf<typeof deployerRoutes.listRollouts>,
  ): Answer<'listRollouts'> {
    const { pageSize, pageToken, environment, status } = query;
    return mapPage(await this.state.listRollouts(ctx, { pageSize, pageToken, environment, status }), presentRollout);
  }

  @Handle(deployerRoutes.getRollout)
  async getRollout(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<typeof deployerRoutes.getRollout>,
  ): Answer<'getRollout'> {
    return presentRollout(await this.state.getRollout(ctx, params.rolloutId));
  }

  @Handle(deployerRoutes.rollbackRollout)
  async rollbackRollout(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<typeof deployerRoutes.rollbackRollout>,
    @RouteBody() body: BodyOf<typeof deployerRoutes.rollbackRollout>,
  ): Answer<'rollbackRollout'> {
    return presentRollout(await this.rollBack.execute(ctx, params.rolloutId, body.reason));
  }

  @Handle(deployerRoutes.changeTrial)
  async changeTrial(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<typeof deployerRoutes.changeTrial>,
    @RouteBody() body: BodyOf<typeof deployerRoutes.changeTrial>,
  ): Answer<'changeTrial'> {
    return presentRollout(await this.trials.change(ctx, params.rolloutId, body));
  }

  @Handle(deployerRoutes.promoteTrial)
  async promoteTrial(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<typeof deployerRoutes.promoteTrial>,
    @RouteBody() body: BodyOf<typeof deployerRoutes.promoteTrial>,
  ): Answer<'promoteTrial'> {
    return presentRollout(await this.trials.promote(ctx, params.rolloutId, body.reason));
  }

  @Handle(deployerRoutes.listCosts)
  async listCosts(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: QueryOf<typeof deployerRoutes.listCosts>,
  ): Answer<'listCosts'> {
    const from = new Date(query.from ?? 0);
    const to = query.to === undefined ? new Date(8.64e15) : new Date(query.to);
    const { pageSize, pageToken } = query;
    return mapPage(await this.state.listCosts(ctx, from, to, { pageSize, pageToken }), presentCost);
  }

  private async environment(name: EnvironmentName): Answer<'getEnvironment'> {
    const pools = await this.state.listPools();
    return {
      name,
      cluster: name,
      requiresApproval: true,
      pools: pools.filter((pool) => pool.environment === name).map((pool) => pool.pool),
    };
  }
}
