import {
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  registryRoutes as routes,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { ManageApplications } from '../application/manage-applications.js';
import { presentApplication } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

@Controller()
export class ApplicationController {
  constructor(private readonly applications: ManageApplications) {}

  @Handle(routes.createApplication)
  async createApplication(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['createApplication']>,
  ): Answer<'createApplication'> {
    return presentApplication(await this.applications.create(ctx, body));
  }

  @Handle(routes.listApplications)
  async listApplications(
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listApplications']>,
  ): Answer<'listApplications'> {
    return mapPage(await this.applications.list({ pageSize, pageToken }), presentApplication);
  }

  @Handle(routes.getApplication)
  async getApplication(@RouteParams() params: ParamsOf<Routes['getApplication']>): Answer<'getApplication'> {
    return presentApplication(await this.applications.get(params.name));
  }

  @Handle(routes.updateApplication)
  async updateApplication(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['updateApplication']>,
    @RouteBody() body: BodyOf<Routes['updateApplication']>,
  ): Answer<'updateApplication'> {
    return presentApplication(await this.applications.update(ctx, params.name, body));
  }
}
