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
import { ManageModels } from '../application/manage-models.js';
import { RegisterVersion } from '../application/register-version.js';
import { WorkLoop } from '../application/work-loop.js';
import { presentAlias, presentApplication, presentModel, presentModelVersion } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

@Controller()
export class ModelController {
  constructor(
    private readonly applications: ManageApplications,
    private readonly models: ManageModels,
    private readonly register: RegisterVersion,
    private readonly loop: WorkLoop,
  ) {}

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

  @Handle(routes.listModels)
  async listModels(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { pageSize, pageToken, application }: QueryOf<Routes['listModels']>,
  ): Answer<'listModels'> {
    return mapPage(await this.models.list(ctx, { pageSize, pageToken, application }), presentModel);
  }

  @Handle(routes.getModel)
  async getModel(@Ctx() ctx: RequestContext, @RouteParams() params: ParamsOf<Routes['getModel']>): Answer<'getModel'> {
    return presentModel(await this.models.get(ctx, params.name));
  }

  @Handle(routes.createModelUpload)
  async createModelUpload(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['createModelUpload']>,
  ): Answer<'createModelUpload'> {
    const presigned = await this.register.presignUpload(ctx, body);
    return { ...presigned, headers: { ...presigned.headers } };
  }

  @Handle(routes.registerModelVersion)
  async registerModelVersion(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['registerModelVersion']>,
    @RouteBody() body: BodyOf<Routes['registerModelVersion']>,
  ): Answer<'registerModelVersion'> {
    const { artifactDigest, parityDigest, application } = body;
    const version = await this.register.onRequest(ctx, {
      modelName: params.name,
      artifactDigest,
      parityDigest,
      application,
    });
    this.loop.wake();
    return presentModelVersion(version);
  }

  @Handle(routes.listModelVersions)
  async listModelVersions(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['listModelVersions']>,
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listModelVersions']>,
  ): Answer<'listModelVersions'> {
    return mapPage(await this.models.listVersions(ctx, params.name, { pageSize, pageToken }), presentModelVersion);
  }

  @Handle(routes.getModelVersion)
  async getModelVersion(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['getModelVersion']>,
  ): Answer<'getModelVersion'> {
    return presentModelVersion(await this.models.getVersion(ctx, params.name, params.version));
  }

  @Handle(routes.listAliases)
  async listAliases(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['listAliases']>,
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listAliases']>,
  ): Answer<'listAliases'> {
    return mapPage(await this.models.listAliases(ctx, params.name, { pageSize, pageToken }), presentAlias);
  }

  @Handle(routes.moveAlias)
  async moveAlias(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['moveAlias']>,
    @RouteBody() body: BodyOf<Routes['moveAlias']>,
  ): Answer<'moveAlias'> {
    return presentAlias(await this.models.moveAlias(ctx, { modelName: params.name, alias: params.alias, ...body }));
  }

  @Handle(routes.listAliasHistory)
  async listAliasHistory(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['listAliasHistory']>,
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listAliasHistory']>,
  ): Answer<'listAliasHistory'> {
    return mapPage(
      await this.models.listAliasHistory(ctx, params.name, params.alias, { pageSize, pageToken }),
      presentAlias,
    );
  }
}
