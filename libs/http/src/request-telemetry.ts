import type { IncomingMessage } from 'node:http';
import { isTraceparent } from '@myriad/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HttpLogger } from './options.js';
import { endSpan, recordRequest, requestSpan, type InFlight } from './request-record.js';
import { routeOf } from './request-state.js';

/** The caller's W3C trace context, when it is well formed. */
export function traceparentOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const header = headers['traceparent'];
  return typeof header === 'string' && isTraceparent(header) ? header : undefined;
}

/** A span, a log line and a measurement for each request. */
export function installRequestTelemetry(instance: FastifyInstance, logger: HttpLogger, inFlight: InFlight): void {
  instance.addHook('onClose', (_instance, done) => {
    inFlight.close();
    done();
  });
  instance.addHook('onRequest', (request, reply, done) => {
    if (isOpenDoor(request)) {
      done();
      return;
    }
    inFlight.count += 1;
    const span = requestSpan(request, routeOf(request), traceparentOf(request));
    request.myriad.span = span;
    request.myriad.logFields = { requestId: request.id };
    reply.raw.once('close', () => {
      inFlight.count -= 1;
      endSpan(span, reply.statusCode, request.myriad.problemCode);
    });
    span.run(done, request.myriad.logFields);
  });
  instance.addHook('onResponse', (request, reply, done) => {
    if (!isOpenDoor(request))
      request.myriad.span?.run(() => {
        recordRequest(logger, {
          requestId: request.id,
          method: request.method,
          route: routeOf(request),
          context: request.myriad.context,
          status: reply.statusCode,
          durationMs: reply.elapsedTime,
          code: request.myriad.problemCode,
        });
      });
    done();
  });
}

function isOpenDoor(request: FastifyRequest): boolean {
  return request.routeOptions.config.isOpenDoor === true;
}
