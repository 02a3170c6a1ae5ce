import type { INestApplication } from '@nestjs/common';
import { NestMicroservice, type CustomStrategy } from '@nestjs/microservices';
import { messagingProblem } from '../messaging-problem.js';
import { EventErrorFilter } from './event-error.filter.js';
import type { EventLogServer } from './event-log-server.js';

/**
 * Connects the event server to an HTTP application: binds the `@EventPattern` handlers of its controllers, and lets their errors come through
 * to the transport, which needs them for its decision between retry and dead letter. `app.startAllMicroservices()` starts it.
 */
export function connectEventServer(app: INestApplication, server: EventLogServer): void {
  const microservice = app.connectMicroservice<CustomStrategy>({ strategy: server }, { deferInitialization: true });
  if (!(microservice instanceof NestMicroservice))
    throw messagingProblem('internal', 'invalid_option', 'there are two copies of @nestjs/microservices');
  // What connectMicroservice does itself when it is not deferred; filters must be there before handlers are bound.
  microservice.useGlobalFilters(new EventErrorFilter());
  microservice.registerListeners();
  microservice.setIsInitialized(true);
  microservice.setIsInitHookCalled(true);
}
