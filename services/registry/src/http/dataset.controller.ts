import {
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  registryRoutes as routes,
} from '@myriad/contracts';
import { Ctx, Handle, type IncomingBody, RouteBody, RouteParams, RouteQuery, StreamedBody } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { Readable } from 'node:stream';
import { ManageDatasets } from '../application/manage-datasets.js';
import { ManageGrants } from '../application/manage-grants.js';
import { presentDataset, presentDatasetVersion, presentGrant, presentUrl } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

@Controller()
export class DatasetController {
  constructor(
    private readonly datasets: ManageDatasets,
    private readonly grants: ManageGrants,
  ) {}

  @Handle(routes.createDataset)
  async createDataset(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['createDataset']>,
  ): Answer<'createDataset'> {
    return presentDataset(await this.datasets.create(ctx, body));
  }

  @Handle(routes.listDatasets)
  async listDatasets(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listDatasets']>,
  ): Answer<'listDatasets'> {
    return mapPage(await this.datasets.list(ctx, { pageSize, pageToken }), presentDataset);
  }

  @Handle(routes.getDataset)
  async getDataset(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['getDataset']>,
  ): Answer<'getDataset'> {
    return presentDataset(await this.datasets.get(ctx, params.name));
  }

  @Handle(routes.listDatasetVersions)
  async listDatasetVersions(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['listDatasetVersions']>,
    @RouteQuery() { pageSize, pageToken }: QueryOf<Routes['listDatasetVersions']>,
  ): Answer<'listDatasetVersions'> {
    return mapPage(await this.datasets.listVersions(ctx, params.name, { pageSize, pageToken }), presentDatasetVersion);
  }

  @Handle(routes.getDatasetVersion)
  async getDatasetVersion(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['getDatasetVersion']>,
  ): Answer<'getDatasetVersion'> {
    return presentDatasetVersion(await this.datasets.getVersion(ctx, params.name, params.version));
  }

  @Handle(routes.createDatasetUpload)
  async createDatasetUpload(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['createDatasetUpload']>,
    @RouteBody() body: BodyOf<Routes['createDatasetUpload']>,
  ): Answer<'createDatasetUpload'> {
    return presentUrl(await this.datasets.presignUpload(ctx, params.name, body));
  }

  @Handle(routes.commitDatasetVersion)
  async commitDatasetVersion(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['commitDatasetVersion']>,
    @RouteBody() body: BodyOf<Routes['commitDatasetVersion']>,
  ): Answer<'commitDatasetVersion'> {
    return presentDatasetVersion(await this.datasets.commit(ctx, params.name, body));
  }

  @Handle(routes.putDatasetContent)
  async putDatasetContent(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['putDatasetContent']>,
    @RouteQuery() query: QueryOf<Routes['putDatasetContent']>,
    @StreamedBody() body: IncomingBody,
  ): Answer<'putDatasetContent'> {
    return presentDatasetVersion(
      await this.datasets.putContent(ctx, params.name, Readable.from(body.stream), query.format),
    );
  }

  @Handle(routes.downloadDatasetVersion)
  async downloadDatasetVersion(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['downloadDatasetVersion']>,
  ): Answer<'downloadDatasetVersion'> {
    return presentUrl(await this.datasets.presignDownload(ctx, params.name, params.version));
  }

  @Handle(routes.requestGrant)
  async requestGrant(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<Routes['requestGrant']>,
  ): Answer<'requestGrant'> {
    return presentGrant(await this.grants.request(ctx, { ...body, principalId: body.principalId }));
  }

  @Handle(routes.listGrants)
  async listGrants(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { pageSize, pageToken, datasetName, status }: QueryOf<Routes['listGrants']>,
  ): Answer<'listGrants'> {
    return mapPage(await this.grants.list(ctx, { pageSize, pageToken, datasetName, status }), presentGrant);
  }

  @Handle(routes.getGrant)
  async getGrant(@Ctx() ctx: RequestContext, @RouteParams() params: ParamsOf<Routes['getGrant']>): Answer<'getGrant'> {
    return presentGrant(await this.grants.get(ctx, params.grantId));
  }

  @Handle(routes.revokeGrant)
  async revokeGrant(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['revokeGrant']>,
  ): Answer<'revokeGrant'> {
    return presentGrant(await this.grants.revoke(ctx, params.grantId));
  }
}
