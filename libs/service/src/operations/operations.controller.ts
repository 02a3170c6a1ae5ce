import {
  operationsOf,
  type OperationsRoutes,
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { mapPage, type PageBody, type RequestContext } from '@myriad/kernel';
import { Controller, Module, type DynamicModule, type Type } from '@nestjs/common';
import { Operations, type DeadLetterView, type OperationsStatus } from './operations.js';

type Routes = OperationsRoutes;

/** The routes of `contracts/http/operations.ts` for one service. */
function controllerOf(service: string): Type {
  const routes = operationsOf(service);

  @Controller()
  class OperationsController {
    constructor(private readonly operations: Operations) {}

    @Handle(routes.status)
    status(): Promise<OperationsStatus> {
      return this.operations.status();
    }

    @Handle(routes.list)
    async list(@RouteQuery() query: QueryOf<Routes['list']>): Promise<PageBody<DeadLetterView>> {
      return mapPage(await this.operations.list(query), (item) => item);
    }

    @Handle(routes.replay)
    replay(
      @Ctx() ctx: RequestContext,
      @RouteParams() { deadLetterId }: ParamsOf<Routes['replay']>,
    ): Promise<DeadLetterView> {
      return this.operations.replay(ctx, deadLetterId);
    }

    @Handle(routes.discard)
    discard(
      @Ctx() ctx: RequestContext,
      @RouteParams() { deadLetterId }: ParamsOf<Routes['discard']>,
      @RouteBody() { reason }: BodyOf<Routes['discard']>,
    ): Promise<DeadLetterView> {
      return this.operations.discard(ctx, deadLetterId, reason);
    }
  }
  return OperationsController;
}

@Module({})
class OperationsModule {}

/** A service's module with the operators' routes beside it. */
export function withOperations(module: DynamicModule, operations: Operations, service: string): DynamicModule {
  return {
    module: OperationsModule,
    imports: [module],
    controllers: [controllerOf(service)],
    providers: [{ provide: Operations, useValue: operations }],
  };
}
