import type { Readable } from 'node:stream';
import type { RouteDefinition, RouteResponse } from '@myriad/contracts';
import { Header, HttpCode, RequestMapping, RequestMethod, applyDecorators, type StreamableFile } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';

type DeepReadonly<T> = T extends (infer I)[]
  ? readonly DeepReadonly<I>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;
/** What a handler of the route may answer: its response, a stream of it, or nothing where the contract says nothing. */
export type Handled<R> =
  | DeepReadonly<RouteResponse<R>>
  | Readable
  | StreamableFile
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- `Promise<void>` is what a handler without an answer returns
  | ([RouteResponse<R>] extends [null | undefined | void] ? void : never);

/**
 * Binds a controller method to a route of a contract: method, path, status, content type, permission, scope, validation and body limit
 * all come from there. Does not compile when the method answers something else than the contract's response.
 */
export function Handle<R extends RouteDefinition>(
  route: R,
): <H extends (...args: never[]) => Handled<R> | Promise<Handled<R>>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<H>,
) => void {
  return applyDecorators(
    RequestMapping({ path: route.path, method: RequestMethod[route.method] }),
    HttpCode(route.status ?? 200),
    RouteConfig({ myriadRoute: route }),
    ...(route.responseType === undefined ? [] : [Header('content-type', route.responseType)]),
  );
}
