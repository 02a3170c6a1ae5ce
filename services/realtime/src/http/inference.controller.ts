import type { IncomingMessage } from 'node:http';
import { realtimeRoutes, type RouteParams as ParamsOf } from '@myriad/contracts';
import { Ctx, Handle, RawRequest, RouteBody, RouteParams } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { Predict } from '../application/predict.js';
import { withDeadline } from './deadline.js';

/** Predictions. */
@Controller()
export class InferenceController {
  constructor(private readonly predict: Predict) {}

  @Handle(realtimeRoutes.infer)
  infer(
    @Ctx() ctx: RequestContext,
    @RouteParams() { model }: ParamsOf<typeof realtimeRoutes.infer>,
    @RouteBody() body: unknown,
    @RawRequest() raw: IncomingMessage,
  ): string | Promise<string> {
    return this.predict.execute(withDeadline(ctx, raw.headers), {
      modelName: model,
      body,
      isGone: () => raw.socket.destroyed,
    });
  }

  @Handle(realtimeRoutes.inferVersion)
  inferVersion(
    @Ctx() ctx: RequestContext,
    @RouteParams() { model, version }: ParamsOf<typeof realtimeRoutes.inferVersion>,
    @RouteBody() body: unknown,
    @RawRequest() raw: IncomingMessage,
  ): string | Promise<string> {
    return this.predict.execute(withDeadline(ctx, raw.headers), {
      modelName: model,
      version,
      body,
      isGone: () => raw.socket.destroyed,
    });
  }
}
