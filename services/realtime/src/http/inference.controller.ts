import type { IncomingMessage } from 'node:http';
import { realtimeRoutes, type RouteParams as ParamsOf } from '@myriad/contracts';
import { Ctx, Handle, RawRequest, RouteBody, RouteParams } from '@myriad/http';
import { systemClock, type RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { Predict } from '../application/predict.js';

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
  ): Promise<string> {
    return this.predict.execute(withDeadline(ctx, raw), { modelName: model, body });
  }

  @Handle(realtimeRoutes.inferVersion)
  inferVersion(
    @Ctx() ctx: RequestContext,
    @RouteParams() { model, version }: ParamsOf<typeof realtimeRoutes.inferVersion>,
    @RouteBody() body: unknown,
    @RawRequest() raw: IncomingMessage,
  ): Promise<string> {
    return this.predict.execute(withDeadline(ctx, raw), { modelName: model, version, body });
  }
}

const TIMEOUT_HEADER = 'x-myriad-timeout-ms';

/** Relative, so that clocks need not agree. What is no whole number of milliseconds is no deadline. */
function withDeadline(ctx: RequestContext, raw: IncomingMessage): RequestContext {
  const header = raw.headers[TIMEOUT_HEADER];
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header)) return ctx;
  return { ...ctx, deadlineMs: systemClock.nowMs() + Number(header) };
}
