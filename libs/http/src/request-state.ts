import type { Readable } from 'node:stream';
import type { RouteDefinition } from '@myriad/contracts';
import type { RequestContext } from '@myriad/kernel';
import type { LogFields, OpenSpan } from '@myriad/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Caller } from './internal-token-verifier.js';

/** What the hooks found out about a request on its way to the controller. */
export interface RequestState {
  route?: RouteDefinition;
  caller?: Caller;
  context?: RequestContext;
  params?: unknown;
  query?: unknown;
  body?: unknown;
  /** A refusal met while the body was read; told after authorization, with the connection kept. */
  bodyError?: Error;
  streamedBody?: Readable;
  idempotencyKey?: string;
  span?: OpenSpan;
  /** What every log line of the request carries. */
  logFields?: LogFields;
  /** Code of the problem that was answered. */
  problemCode?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    readonly myriad: RequestState;
  }
  interface FastifyContextConfig {
    /** The contract the handler was bound to by `@Handle`. */
    myriadRoute?: RouteDefinition;
    /** A door that needs no token: health and metrics. */
    isOpenDoor?: boolean;
  }
}

/** The contract of the matched route; none for unknown paths and for the library's own doors. */
export function routeOf(request: FastifyRequest): RouteDefinition | undefined {
  return request.routeOptions.config.myriadRoute;
}

const states = new WeakMap<object, RequestState>();

function stateOf(request: object): RequestState {
  let state = states.get(request);
  if (state === undefined) states.set(request, (state = {}));
  return state;
}

/** Makes `request.myriad`, also for a request that is refused before any hook runs (a path that does not decode). */
export function installRequestState(instance: FastifyInstance): void {
  instance.decorateRequest('myriad', {
    getter() {
      return stateOf(this);
    },
  });
}
