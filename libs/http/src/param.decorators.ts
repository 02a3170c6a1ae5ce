import type { IncomingMessage } from 'node:http';
import type { RequestContext } from '@myriad/kernel';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { InternalClaims } from './internal-claims.js';

const requestOf = (context: ExecutionContext): FastifyRequest => context.switchToHttp().getRequest<FastifyRequest>();
type Decorator = () => ParameterDecorator;

/** The {@link RequestContext} of the caller. @throws {TypeError} on a `public` route, which has no caller. */
export const Ctx: Decorator = createParamDecorator((_: unknown, context: ExecutionContext): RequestContext => {
  const found = requestOf(context).myriad.context;
  if (found === undefined) throw new TypeError('a public route has no caller: do not ask for @Ctx()');
  return found;
});

/** The environment the caller acts in, from its token. @throws {TypeError} on a `public` route. */
export const CallerEnvironment: Decorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): InternalClaims['env'] => {
    const caller = requestOf(context).myriad.caller;
    if (caller === undefined) throw new TypeError('a public route has no caller: do not ask for @CallerEnvironment()');
    return caller.claims.env;
  },
);

/** Id of the API key that the caller came with, or got its token with; undefined when it is not known. */
export const CallerKeyId: Decorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined => requestOf(context).myriad.caller?.claims.cid,
);

/** Path parameters, as the route's schema parsed them: `RouteParams<typeof route>`. */
export const RouteParams: Decorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown => requestOf(context).myriad.params,
);

/** Query parameters, as the route's schema parsed them: `RouteQuery<typeof route>`. */
export const RouteQuery: Decorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown => requestOf(context).myriad.query,
);

/** The JSON body, as the route's schema parsed it: `RouteBody<typeof route>`. */
export const RouteBody: Decorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown => requestOf(context).myriad.body,
);

/** A body taken as it comes, and what is known of it. */
export interface IncomingBody {
  /** Fails with a problem when it stalls or grows over the route's limit. Consume it or destroy it. */
  readonly stream: NodeJS.ReadableStream & AsyncIterable<Buffer>;
  /** Lower case, without parameters. */
  readonly mediaType: string;
  /** Bytes, when the client said so. */
  readonly contentLength: number | undefined;
}

/** The body of a route with `streamedBody`: {@link IncomingBody}. */
export const StreamedBody: Decorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): IncomingBody => requestOf(context).myriad.body as IncomingBody,
);

/** The request as Node has it, for what no contract can say. */
export const RawRequest: Decorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): IncomingMessage => requestOf(context).raw,
);

/** Id of the last event the client of an event stream saw (`Last-Event-ID`), if it said so. */
export const LastEventId: Decorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined => {
    const value = requestOf(context).headers['last-event-id'];
    return typeof value === 'string' ? value : undefined;
  },
);
