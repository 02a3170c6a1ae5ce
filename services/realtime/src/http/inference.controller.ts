import { realtimeRoutes, type RouteParams as ParamsOf } from '@myriad/contracts';
import { Ctx, Exchange, Handle, RouteParams, type RawExchange } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { Predict } from '../application/predict.js';
import { withDeadline } from './deadline.js';
import { readInferRequest, sendable, writeInferAnswer } from './infer-exchange.js';

type Sendable = string | Buffer;

/** Predictions. */
@Controller()
export class InferenceController {
  constructor(private readonly predict: Predict) {}

  @Handle(realtimeRoutes.infer)
  infer(
    @Ctx() ctx: RequestContext,
    @RouteParams() { model }: ParamsOf<typeof realtimeRoutes.infer>,
    @Exchange() exchange: RawExchange,
  ): Sendable | Promise<Sendable> {
    return this.answer(ctx, exchange, model);
  }

  @Handle(realtimeRoutes.inferVersion)
  inferVersion(
    @Ctx() ctx: RequestContext,
    @RouteParams() { model, version }: ParamsOf<typeof realtimeRoutes.inferVersion>,
    @Exchange() exchange: RawExchange,
  ): Sendable | Promise<Sendable> {
    return this.answer(ctx, exchange, model, version);
  }

  /** At once where nothing has to be waited for. */
  private answer(
    ctx: RequestContext,
    exchange: RawExchange,
    modelName: string,
    version?: string,
  ): Sendable | Promise<Sendable> {
    const answer = this.predict.execute(withDeadline(ctx, exchange.headers), {
      modelName,
      version,
      isGone: exchange.isGone,
      read: (signature) => readInferRequest(exchange, signature),
      write: writeInferAnswer,
    });
    return answer instanceof Promise ? answer.then((late) => sendable(late, exchange)) : sendable(answer, exchange);
  }
}
