import { z } from 'zod';

export const HTTP_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

/** One public operation: the controller is bound to it, the gateway forwards it, OpenAPI is printed from it. */
export interface RouteDefinition<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> {
  /** camelCase, unique within the service; the OpenAPI `operationId`. */
  readonly operationId: string;
  readonly method: HttpMethod;
  /** Fastify form, `/v1/datasets/:name`; a `*` at the end is the rest of the path. */
  readonly path: string;
  readonly summary: string;
  /** The permission the caller needs in the acting tenant; `none` = any authenticated caller; `public` = no key at all. */
  readonly permission: string;
  /** `platform`: the acting tenant must be `platform` (applications, fleets, campaigns, environments). Default `tenant`. */
  readonly scope?: 'tenant' | 'platform';
  readonly params?: P;
  readonly query?: Q;
  /** The JSON body. Unknown members are refused: use `z.strictObject`. */
  readonly body?: B;
  /** Set for a body that is streamed as it comes; its media types. Such a route has no `body`. */
  readonly streamedBody?: readonly string[];
  /** Set for a body that is read whole and given as bytes, gzip and deflate undone; its media types, besides none at all. `body` then says what the JSON in it looks like. */
  readonly bytesBody?: readonly string[];
  readonly response: R;
  /** Default 200; 201 for creations, 202 for long-running work, 204 for no body. */
  readonly status?: 200 | 201 | 202 | 204;
  /** Default `application/json`; `text/event-stream` for server-sent events. */
  readonly responseType?: string;
  /** Codes of the refusals it may answer besides the common ones (validation, authentication, permission, rate). */
  readonly problems?: readonly string[];
  /** Longest body, bytes. Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /**
   * Whose words the operation speaks, when they are not our own: `mlflow` skips members that it does not know, and has refusals with
   * `error_code` and `message` beside the members of a problem.
   */
  readonly dialect?: 'mlflow';
  /** The answer holds a secret that is shown once (a key, a token): it is never kept for a repeated `Idempotency-Key`. */
  readonly secretResponse?: boolean;
}

export function defineRoute<
  P extends z.ZodType = z.ZodNever,
  Q extends z.ZodType = z.ZodNever,
  B extends z.ZodType = z.ZodNever,
  R extends z.ZodType = z.ZodType,
>(route: RouteDefinition<P, Q, B, R>): RouteDefinition<P, Q, B, R> {
  return route;
}

export type RouteParams<T> = T extends RouteDefinition<infer P> ? z.infer<P> : never;
export type RouteQuery<T> = T extends RouteDefinition<z.ZodType, infer Q> ? z.infer<Q> : never;
export type RouteBody<T> = T extends RouteDefinition<z.ZodType, z.ZodType, infer B> ? z.infer<B> : never;
export type RouteResponse<T> = T extends RouteDefinition<z.ZodType, z.ZodType, z.ZodType, infer R> ? z.infer<R> : never;

/** One service's public operations, and what its OpenAPI page says on top. */
export interface HttpContract {
  readonly service: string;
  readonly title: string;
  readonly description: string;
  readonly routes: Readonly<Record<string, RouteDefinition>>;
}

/** Keyset paging, the same on every list: `?pageSize=50&pageToken=…`. */
export const pageQuery = z.object({
  pageSize: z.coerce.number().int().min(1).max(500).default(50).describe('items a page, 1–500'),
  pageToken: z.string().max(1024).optional().describe('nextPageToken of the page before'),
});

/** One page of a list. */
export function pageOf<T extends z.ZodType>(
  item: T,
): z.ZodObject<{ items: z.ZodArray<T>; nextPageToken: z.ZodOptional<z.ZodString> }> {
  return z.object({ items: z.array(item), nextPageToken: z.string().optional() });
}

/** RFC 9457 problem details, with a stable `code` and one entry a fault. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().optional(),
  code: z.string(),
  requestId: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** A condition of a long-running object (`spec` is the user's, `status` the service's). */
export const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  observedGeneration: z.int().nonnegative(),
  lastTransitionTime: z.iso.datetime(),
});
export type Condition = z.infer<typeof conditionSchema>;
