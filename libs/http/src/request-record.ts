import type { RouteDefinition } from '@myriad/contracts';
import type { RequestContext } from '@myriad/kernel';
import { histogram, observedGauge, startSpan, type Labels, type OpenSpan } from '@myriad/telemetry';
import type { HttpLogger } from './options.js';

/** A request that was answered, or whose client left. */
export interface EndedRequest {
  readonly requestId: string;
  readonly method: string;
  readonly route: RouteDefinition | undefined;
  readonly context: RequestContext | undefined;
  readonly status: number;
  readonly durationMs: number;
  /** Code of the problem that was answered. */
  readonly code: string | undefined;
}

const duration = histogram(
  'myriad_http_request_duration_seconds',
  'From the first header to the last byte of the answer',
  {
    unit: 'seconds',
  },
);

/** Requests of a server that are being answered. */
export class InFlight {
  count = 0;
  /** Takes its gauge out of the metrics. */
  readonly close = observedGauge(
    'myriad_http_requests_in_flight',
    'Requests that are being answered',
    () => this.count,
  );
}

/** By method, template of the path and class of status: few, so they are made once. */
const labels = new Map<string, Labels>();

function labelsOf({ method, route, status }: EndedRequest): Labels {
  const path = route?.path ?? 'none';
  const key = `${method} ${path} ${Math.floor(status / 100)}`;
  let made = labels.get(key);
  if (made === undefined) labels.set(key, (made = { method, route: path, status: `${Math.floor(status / 100)}xx` }));
  return made;
}

/** Measures a request and logs it; by the route's template, never by a value of it. */
export function recordRequest(logger: HttpLogger, ended: EndedRequest): void {
  duration.record(ended.durationMs / 1000, labelsOf(ended));
  const { route, status, context, code } = ended;
  // metering counts predictions; a line each would cost twice what running the model does, and one that floods would fill the log with its refusals
  const isQuiet = route?.permission === 'predictions:invoke' && (status < 400 || status === 429);
  if (isQuiet && logger.isLevelEnabled?.('debug') === false) return;
  const fields = {
    requestId: ended.requestId,
    tenantId: context?.tenantId,
    principalId: context?.principal.id,
    method: ended.method,
    route: route?.path,
    status,
    durationMs: Math.round(ended.durationMs * 10) / 10,
    code,
  };
  if (status >= 500) logger.warn(fields, 'request');
  else if (isQuiet) logger.debug(fields, 'request');
  else logger.info(fields, 'request');
}

/** A child of the caller's span; it ends when the answer is out or the client is gone. */
export function requestSpan(
  request: { readonly method: string; readonly url: string },
  route: RouteDefinition | undefined,
  parent: string | undefined,
): OpenSpan {
  const attributes = {
    'http.request.method': request.method,
    'url.scheme': 'http',
    'url.path': request.url.split('?', 1)[0] ?? '',
    ...(route === undefined ? {} : { 'http.route': route.path }),
  };
  const name = route === undefined ? request.method : `${request.method} ${route.path}`;
  return startSpan(name, { kind: 'server', attributes, parent });
}

/** Ends the span of a request. */
export function endSpan(span: OpenSpan, status: number, code: string | undefined): void {
  span.set({ 'http.response.status_code': status });
  span.end(status >= 500 ? (code ?? String(status)) : undefined);
}
