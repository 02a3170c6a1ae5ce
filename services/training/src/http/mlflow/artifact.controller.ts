import { Readable } from 'node:stream';
import {
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  mlflowRoutes as routes,
} from '@myriad/contracts';
import { Ctx, Handle, type IncomingBody, RouteParams, RouteQuery, StreamedBody } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller, StreamableFile } from '@nestjs/common';
import { KeepArtifacts } from '../../application/tracking/keep-artifacts.js';
import { presentFiles } from './presenters.js';

type Routes = typeof routes;
type Answer<K extends keyof Routes> = Promise<RouteResponse<Routes[K]>>;

/** MLflow's calls for artifacts; bytes are streamed both ways. */
@Controller()
export class MlflowArtifactController {
  constructor(private readonly artifacts: KeepArtifacts) {}

  @Handle(routes.mlflowListRunArtifacts)
  async listOfRun(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { run_id: runId, path }: QueryOf<Routes['mlflowListRunArtifacts']>,
  ): Answer<'mlflowListRunArtifacts'> {
    const { rootUri, entries } = await this.artifacts.listOfRun(ctx, runId, path);
    return { root_uri: rootUri, files: presentFiles(entries, path) };
  }

  @Handle(routes.mlflowListArtifacts)
  async list(
    @Ctx() ctx: RequestContext,
    @RouteQuery() { path }: QueryOf<Routes['mlflowListArtifacts']>,
  ): Answer<'mlflowListArtifacts'> {
    return { files: presentFiles(await this.artifacts.list(ctx, path)) };
  }

  @Handle(routes.mlflowDownloadArtifact)
  async download(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['mlflowDownloadArtifact']>,
  ): Promise<StreamableFile> {
    const { bytes, sizeBytes } = await this.artifacts.open(ctx, params['*']);
    return new StreamableFile(bytes, { length: sizeBytes });
  }

  @Handle(routes.mlflowUploadArtifact)
  async upload(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['mlflowUploadArtifact']>,
    @StreamedBody() body: IncomingBody | undefined,
  ): Answer<'mlflowUploadArtifact'> {
    // a file without bytes comes without a body
    await this.artifacts.put(ctx, params['*'], Readable.from(body?.stream ?? []));
    return {};
  }

  @Handle(routes.mlflowDeleteArtifact)
  async delete(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<Routes['mlflowDeleteArtifact']>,
  ): Answer<'mlflowDeleteArtifact'> {
    await this.artifacts.delete(ctx, params['*']);
    return {};
  }
}
