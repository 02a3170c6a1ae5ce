import { realtimeRoutes } from '@myriad/contracts';
import { directDoorOf, type DirectCall } from '@myriad/http';
import type { ProblemError, TenantId } from '@myriad/kernel';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Predict } from '../application/predict.js';
import { withDeadline } from './deadline.js';
import { readInferRequest, sendable, writeInferAnswer } from './infer-exchange.js';

type Sendable = string | Buffer;

/** Predictions: past Nest and Fastify, by the direct door of libs/http. */
@Injectable()
export class InferenceRoutes implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly predict: Predict,
  ) {}

  onModuleInit(): void {
    const door = directDoorOf(this.host.httpAdapter);
    const refusal = (tenantId: TenantId): Promise<ProblemError> | undefined => this.predict.refusal(tenantId);
    door.add(realtimeRoutes.infer, (call) => this.answer(call, call.params.model), refusal);
    door.add(realtimeRoutes.inferVersion, (call) => this.answer(call, call.params.model, call.params.version), refusal);
  }

  /** At once where nothing has to be waited for. */
  private answer(call: DirectCall<unknown>, modelName: string, version?: string): Sendable | Promise<Sendable> {
    const answer = this.predict.execute(withDeadline(call.context, call.headers), {
      modelName,
      version,
      isGone: call.isGone,
      read: (signature) => readInferRequest(call, signature),
      write: writeInferAnswer,
    });
    return answer instanceof Promise ? answer.then((late) => sendable(late, call)) : sendable(answer, call);
  }
}
