import { realtimeRoutes, type RouteParams as ParamsOf, type RouteResponse } from '@myriad/contracts';
import { Ctx, Handle, RouteParams } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { FindModel } from '../application/find-model.js';
import { realtimeProblem } from '../application/realtime-problem.js';
import type { Placement } from '../domain/placement.js';

type Metadata = RouteResponse<typeof realtimeRoutes.modelMetadata>;
const READERS = ['models:read', 'predictions:invoke'];

/** What is said of models. */
@Controller()
export class ModelController {
  constructor(private readonly models: FindModel) {}

  @Handle(realtimeRoutes.modelMetadata)
  metadata(
    @Ctx() ctx: RequestContext,
    @RouteParams() { model }: ParamsOf<typeof realtimeRoutes.modelMetadata>,
  ): Metadata {
    mayRead(ctx);
    return metadataOf(this.models.find(ctx, model));
  }

  @Handle(realtimeRoutes.modelVersionMetadata)
  versionMetadata(
    @Ctx() ctx: RequestContext,
    @RouteParams() { model, version }: ParamsOf<typeof realtimeRoutes.modelVersionMetadata>,
  ): Metadata {
    mayRead(ctx);
    return metadataOf(this.models.find(ctx, model, version));
  }

  @Handle(realtimeRoutes.modelReady)
  async ready(
    @Ctx() ctx: RequestContext,
    @RouteParams() { model }: ParamsOf<typeof realtimeRoutes.modelReady>,
  ): Promise<void> {
    mayRead(ctx);
    await this.models.bringIn(ctx, model);
  }

  @Handle(realtimeRoutes.modelVersionReady)
  async versionReady(
    @Ctx() ctx: RequestContext,
    @RouteParams() { model, version }: ParamsOf<typeof realtimeRoutes.modelVersionReady>,
  ): Promise<void> {
    mayRead(ctx);
    await this.models.bringIn(ctx, model, version);
  }
}

/** One of two permissions will do, which a route can't say. */
function mayRead(ctx: RequestContext): void {
  if (READERS.some((permission) => ctx.principal.permissions.has(permission))) return;
  throw realtimeProblem(
    'forbidden',
    'permission_missing',
    `this needs the permission ${READERS.join(' or ')} in tenant '${ctx.tenantId}'`,
  );
}

function metadataOf(placement: Placement): Metadata {
  const copy = (tensors: Placement['signature']['inputs']): Metadata['inputs'] =>
    tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] }));
  return {
    name: placement.modelName,
    versions: [String(placement.version)],
    platform: 'onnxruntime_onnx',
    inputs: copy(placement.signature.inputs),
    outputs: copy(placement.signature.outputs),
  };
}
