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
import { ManageModels } from '../application/manage-models.js';
import { RegisterVersion } from '../application/register-version.js';
import { SearchModels } from '../application/search-models.js';
import { WorkLoop } from '../application/work-loop.js';
import { presentModelVersion, presentUrl } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

function versionOf({ name, version }: ParamsOf<Routes['getModelVersion']>): { modelName: string; version: number } {
  return { modelName: name, version };
}

@Controller()
export class VersionController {
  constructor(
    private readonly models: ManageModels,
    private readonly register: RegisterVersion,
    private readonly search: SearchModels,
    private readonly loop: WorkLoop,
  ) {}

  @Handle(routes.createModelUpload)
  async createModelUpload(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['createModelUpload']>,
  ): Answer<'createModelUpload'> {
    return presentUrl(await this.register.presignUpload(ctx, body));
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

  @Handle(routes.searchModelVersions)
  async searchModelVersions(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { pageSize, pageToken, filter, orderBy }: QueryOf<Routes['searchModelVersions']>,
  ): Answer<'searchModelVersions'> {
    return mapPage(
      await this.search.versions(ctx, { page: { pageSize, pageToken }, filter, orderBy }),
      presentModelVersion,
    );
  }

  @Handle(routes.getModelVersion)
  async getModelVersion(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['getModelVersion']>,
  ): Answer<'getModelVersion'> {
    return presentModelVersion(await this.models.getVersion(ctx, params.name, params.version));
  }

  @Handle(routes.updateModelVersion)
  async updateModelVersion(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['updateModelVersion']>,
    @RouteBody() body: BodyOf<Routes['updateModelVersion']>,
  ): Answer<'updateModelVersion'> {
    return presentModelVersion(await this.models.describeVersion(ctx, versionOf(params), body.description));
  }

  @Handle(routes.tagModelVersion)
  async tagModelVersion(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['tagModelVersion']>,
    @RouteBody() body: BodyOf<Routes['tagModelVersion']>,
  ): Answer<'tagModelVersion'> {
    return presentModelVersion(await this.models.tagVersion(ctx, versionOf(params), body));
  }
}
