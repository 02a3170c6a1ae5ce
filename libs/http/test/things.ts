import {
  defineRoute,
  pageOf,
  pageQuery,
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
} from '@myriad/contracts';
import { type Page, ProblemError, type RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { z } from 'zod';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery, StreamedBody, type IncomingBody } from '../src/index.js';

const thing = z.object({ name: z.string(), size: z.int(), tenantId: z.string() });
type Thing = z.infer<typeof thing>;

export const routes = {
  list: defineRoute({
    operationId: 'listThings',
    method: 'GET',
    path: '/v1/things',
    summary: 'Things',
    permission: 'things:read',
    query: pageQuery.extend({ kind: z.enum(['big', 'small']).optional() }),
    response: pageOf(thing),
  }),
  create: defineRoute({
    operationId: 'createThing',
    method: 'POST',
    path: '/v1/things',
    summary: 'Make one',
    permission: 'things:write',
    body: z.strictObject({
      name: z.string().min(1).max(5),
      size: z.int().min(0).optional(),
      parts: z.array(z.strictObject({ weight: z.number() })).optional(),
    }),
    response: thing,
    status: 201,
  }),
  get: defineRoute({
    operationId: 'getThing',
    method: 'GET',
    path: '/v1/things/:name',
    summary: 'One',
    permission: 'none',
    params: z.object({ name: z.string().regex(/^[a-z]+$/) }),
    response: thing,
  }),
  remove: defineRoute({
    operationId: 'removeThing',
    method: 'DELETE',
    path: '/v1/things/:name',
    summary: 'Away',
    permission: 'things:write',
    params: z.object({ name: z.string() }),
    response: z.void(),
    status: 204,
  }),
  platform: defineRoute({
    operationId: 'platformThing',
    method: 'GET',
    path: '/v1/platform-things',
    summary: 'Platform only',
    permission: 'things:read',
    scope: 'platform',
    response: z.object({ ok: z.boolean() }),
  }),
  open: defineRoute({
    operationId: 'openThing',
    method: 'GET',
    path: '/.well-known/thing',
    summary: 'For all',
    permission: 'public',
    response: z.object({ ok: z.boolean() }),
  }),
  upload: defineRoute({
    operationId: 'uploadThing',
    method: 'PUT',
    path: '/v1/things/:name/content',
    summary: 'Bytes',
    permission: 'things:write',
    params: z.object({ name: z.string() }),
    streamedBody: ['text/csv', 'application/octet-stream'],
    maxBodyBytes: 8 * 1024 * 1024,
    response: z.object({ bytes: z.int(), mediaType: z.string() }),
  }),
} as const;

@Controller()
export class ThingsController {
  @Handle(routes.list)
  list(@Ctx() ctx: RequestContext, @RouteQuery() query: QueryOf<typeof routes.list>): Page<Thing> {
    return { items: [{ name: query.kind ?? 'any', size: query.pageSize, tenantId: ctx.tenantId }] };
  }

  @Handle(routes.create)
  create(@Ctx() ctx: RequestContext, @RouteBody() body: BodyOf<typeof routes.create>): Promise<Thing> {
    return Promise.resolve({ name: body.name, size: body.size ?? 0, tenantId: ctx.tenantId });
  }

  @Handle(routes.get)
  get(@Ctx() ctx: RequestContext, @RouteParams() params: ParamsOf<typeof routes.get>): Thing {
    switch (params.name) {
      case 'missing':
        throw new ProblemError({ kind: 'not-found', code: 'test.thing_not_found', detail: "no thing 'missing'" });
      case 'busy':
        throw new ProblemError({ kind: 'rate-limited', code: 'test.busy', detail: 'too many', retryAfterSeconds: 1.2 });
      case 'broken':
        throw new Error('secret inner words');
      case 'contractless':
        return { name: 'x', size: 1, tenantId: 'aa', hash: 'leak' } as Thing;
      default:
        return { name: params.name, size: 1, tenantId: ctx.tenantId };
    }
  }

  @Handle(routes.remove)
  remove(): void {
    // Nothing to do: the answer is what is looked at.
  }

  @Handle(routes.platform)
  platform(): { ok: boolean } {
    return { ok: true };
  }

  @Handle(routes.open)
  open(): { ok: boolean } {
    return { ok: true };
  }

  @Handle(routes.upload)
  async upload(
    @RouteParams() params: ParamsOf<typeof routes.upload>,
    @StreamedBody() body: IncomingBody,
  ): Promise<{ bytes: number; mediaType: string }> {
    if (params.name === 'missing') {
      throw new ProblemError({ kind: 'not-found', code: 'test.thing_not_found', detail: "no thing 'missing'" });
    }
    let bytes = 0;
    for await (const chunk of body.stream) bytes += chunk.length;
    return { bytes, mediaType: body.mediaType };
  }
}
