import { histogram, isTraceparent, observedGauge, startSpan, withLogFields, type OpenSpan } from '@myriad/telemetry';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpLogger } from './options.js';
import { routeOf } from './request-state.js';

const duration = histogram(
  'myriad_http_request_duration_seconds',
  'From the first header to the last byte of the answer',
  {
    unit: 'seconds',
  },
);

/** The caller's W3C trace context, when it is well formed. */
export function traceparentOf(request: FastifyRequest): string | undefined {
  const header = request.headers['traceparent'];
  return typeof header === 'string' && isTraceparent(header) ? header : undefined;
}

/** A span, a log line and a measurement for each request; by the route's template, never by a value of it. */
export function installRequestTelemetry(instance: FastifyInstance, logger: HttpLogger): void {
  let inFlight = 0;
  const endGauge = observedGauge('myriad_http_requests_in_flight', 'Requests that are being answered', () => inFlight);
  instance.addHook('onClose', (_instance, done) => {
    endGauge();
    done();
  });
  instance.addHook('onRequest', (request, reply, done) => {
    if (isOpenDoor(request)) {
      done();
      return;
    }
    inFlight += 1;
    const span = spanOf(request);
    request.myriad.span = span;
    request.myriad.logFields = { requestId: request.id };
    reply.raw.once('close', () => {
      inFlight -= 1;
      span.set({ 'http.response.status_code': reply.statusCode });
      span.end(reply.statusCode >= 500 ? (request.myriad.problemCode ?? String(reply.statusCode)) : undefined);
    });
    span.run(() => {
      withLogFields(request.myriad.logFields ?? {}, done);
    });
  });
  instance.addHook('onResponse', (request, reply, done) => {
    if (!isOpenDoor(request)) {
      const labels = {
        method: request.method,
        route: routeOf(request)?.path ?? 'none',
        status: `${Math.floor(reply.statusCode / 100)}xx`,
      };
      duration.record(reply.elapsedTime / 1000, labels);
      request.myriad.span?.run(() => {
        logRequest(logger, request, reply);
      });
    }
    done();
  });
}

function isOpenDoor(request: FastifyRequest): boolean {
  return request.routeOptions.config.isOpenDoor === true;
}

/** A child of the caller's span; it ends when the answer is out or the client is gone. */
function spanOf(request: FastifyRequest): OpenSpan {
  const route = routeOf(request)?.path;
  const attributes = {
    'http.request.method': request.method,
    'url.scheme': 'http',
    'url.path': request.url.split('?', 1)[0] ?? '',
    ...(route === undefined ? {} : { 'http.route': route }),
  };
  const name = route === undefined ? request.method : `${request.method} ${route}`;
  return startSpan(name, { kind: 'server', attributes, parent: traceparentOf(request) });
}

function logRequest(logger: HttpLogger, request: FastifyRequest, reply: FastifyReply): void {
  const { context, route, problemCode } = request.myriad;
  const fields = {
    requestId: request.id,
    tenantId: context?.tenantId,
    principalId: context?.principal.id,
    method: request.method,
    route: route?.path,
    status: reply.statusCode,
    durationMs: Math.round(reply.elapsedTime * 10) / 10,
    code: problemCode,
  };
  if (reply.statusCode >= 500) logger.warn(fields, 'request');
  // metering counts predictions; a line each would cost twice what running the model does
  else if (route?.permission === 'predictions:invoke' && reply.statusCode < 400) logger.debug(fields, 'request');
  else logger.info(fields, 'request');
}
