import type { IncomingHttpHeaders } from 'node:http';
import { parse as parseQuery } from 'node:querystring';
import type { RouteDefinition } from '@myriad/contracts';
import type { ProblemError, RequestContext, TenantId } from '@myriad/kernel';
import { ProtocolError } from '../protocol-error.js';
import { schemasOf, validateParts, type RouteSchemas } from '../validate.js';

/** A request whose caller may call and whose body is there. */
export interface DirectCall<P = Readonly<Record<string, string>>> {
  readonly context: RequestContext;
  /** Of the path, as the route's schema has them. */
  readonly params: P;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the client left. */
  readonly isGone: () => boolean;
  /** Of the answer. */
  setHeader(name: string, value: string): void;
}

/** Answers a call, at once where it can. @throws {ProblemError} {ProtocolError} what it refuses */
export type DirectHandler = (call: DirectCall) => string | Buffer | Promise<string | Buffer>;

/** Why a caller of the tenant is refused before its body is looked at, once it may be told; undefined where it may go on. */
export type DirectRefusal = (tenantId: TenantId) => Promise<ProblemError> | undefined;

/** A route and what answers it. */
export interface DirectRoute {
  readonly route: RouteDefinition;
  readonly handler: DirectHandler;
  readonly refusal?: DirectRefusal | undefined;
}

/** A route that a request is for. */
export interface DirectMatch extends DirectRoute {
  /** @throws {ProblemError} `http.validation_failed`, {ProtocolError} for a path that does not decode */
  readonly params: () => Readonly<Record<string, string>>;
}

interface Compiled extends DirectRoute {
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly schemas: RouteSchemas;
}

/** The routes of one method, and paths that were found right. */
interface Table {
  readonly routes: Compiled[];
  readonly remembered: Map<string, DirectMatch>;
}

/** Paths of a method that are remembered by their text; with one more it begins anew. */
const REMEMBERED = 4_096;

/** Finds the direct route of a request. Paths are as in Fastify: `:name` is a whole segment, escapes are undone. */
export class DirectRoutes {
  private readonly byMethod = new Map<string, Table>();

  add({ route, handler, refusal }: DirectRoute): void {
    const takesBytes = route.bytesBody !== undefined && route.query === undefined;
    if (!(takesBytes || route.method === 'GET') || route.permission === 'public')
      throw new TypeError(
        `${route.operationId} can't be answered directly: it takes a caller, and bytes and no query, or is a GET`,
      );
    const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
    // a query that a GET may have is Nest's business
    const query = route.query === undefined ? '(?:[?](.*))?' : '';
    const pattern = new RegExp(`^${route.path.replaceAll(/:\w+/g, '([^/?]+)')}${query}$`);
    const table = this.byMethod.get(route.method) ?? { routes: [], remembered: new Map<string, DirectMatch>() };
    table.routes.push({ route, handler, refusal, pattern, names, schemas: schemasOf(route) });
    this.byMethod.set(route.method, table);
  }

  match(method: string, url: string): DirectMatch | undefined {
    const table = this.byMethod.get(method);
    return table && (table.remembered.get(url) ?? search(table, url));
  }
}

function search({ routes, remembered }: Table, url: string): DirectMatch | undefined {
  for (const compiled of routes) {
    const values = compiled.pattern.exec(url);
    if (values === null) continue;
    const { route, handler, refusal } = compiled;
    const params = (): Readonly<Record<string, string>> => {
      const checked = paramsOf(compiled, values.slice(1));
      if (remembered.size >= REMEMBERED) remembered.clear();
      remembered.set(url, { route, handler, refusal, params: () => checked });
      return checked;
    };
    return { route, handler, refusal, params };
  }
  return undefined;
}

function paramsOf({ names, schemas }: Compiled, values: readonly (string | undefined)[]): Record<string, string> {
  const params = Object.fromEntries(names.map((name, i) => [name, decoded(values[i] ?? '')]));
  const query = { ...parseQuery(values[names.length] ?? '') };
  return validateParts(schemas, { params, query }).params as Record<string, string>;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ProtocolError(400, 'http.malformed_request', `'${text.slice(0, 100)}' in the path does not decode`);
  }
}
