import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RouteDefinition, RouteParams } from '@myriad/contracts';
import type { FastifyInstance } from 'fastify';
import { Deadlines } from './deadlines.js';
import { DirectExchange, type DirectParts } from './direct-exchange.js';
import { DirectRoutes, type DirectCall, type DirectHandler, type DirectRefusal } from './direct-routes.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Routes that are answered before Fastify sees them. */
    readonly directDoor: DirectDoor;
  }
}

/**
 * Answers the routes that carry most of the traffic on Node's own server, in front of Fastify and Nest: what those do around a handler costs several times what a small model
 * takes. Tokens, permissions, limits, refusals, telemetry and the end of the server are those of every other route.
 */
export class DirectDoor {
  private readonly routes = new DirectRoutes();

  constructor(private readonly parts: DirectParts) {}

  /**
   * Binds a route with `bytesBody` and no query, or a GET: with a query that goes on to Nest, which then has a handler of it. `refusal` is asked as soon as the caller is known.
   * @throws {TypeError} for another
   */
  add<R extends RouteDefinition>(
    route: R,
    handler: (call: DirectCall<RouteParams<R>>) => ReturnType<DirectHandler>,
    refusal?: DirectRefusal,
  ): void {
    this.routes.add({ route, handler: handler as DirectHandler, refusal });
  }

  /** False when it is no direct route. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const match = this.routes.match(request.method ?? '', request.url ?? '');
    if (match === undefined) return false;
    // when the event loop has read what there is, most bodies are there
    setImmediate(begin, new DirectExchange(this.parts, match, request, response));
    return true;
  }
}

function begin(exchange: DirectExchange): void {
  exchange.begin();
}

/** The direct door of a Nest application: `directDoorOf(httpAdapterHost.httpAdapter)`. */
export function directDoorOf(adapter: { getInstance(): unknown }): DirectDoor {
  return (adapter.getInstance() as FastifyInstance).directDoor;
}

/** Puts the door in front of Fastify's listener; of later listeners (`ServerDrain`) it knows nothing. */
export function installDirectDoor(instance: FastifyInstance, parts: Omit<DirectParts, 'deadlines'>): void {
  const deadlines = new Deadlines(parts.limits.bodyTimeoutMs);
  const door = new DirectDoor({ ...parts, deadlines });
  const { server } = instance;
  const behind = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!door.serve(request, response)) for (const listener of behind) listener.call(server, request, response);
  });
  instance.decorate('directDoor', door);
  instance.addHook('onClose', (_instance, done) => {
    deadlines.close();
    done();
  });
}
