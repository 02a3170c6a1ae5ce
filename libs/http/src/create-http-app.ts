import { canonicalJson, ProblemError } from '@myriad/kernel';
import type { LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authorize } from './authorize.js';
import { installBodyParser } from './body-parser.js';
import { EventStream } from './event-stream.js';
import { installHealthDoors } from './health.js';
import { bareAdapter } from './http-adapter.js';
import { claimIdempotencyKey, settleIdempotencyKey } from './idempotency.js';
import { DEFAULT_LIMITS, type HttpAppOptions, type HttpLimits, type HttpLogger } from './options.js';
import { ProblemFilter } from './problem.filter.js';
import { logRequest } from './request-log.js';
import { routeOf } from './request-state.js';
import { schemasOf, validateRequest, type RouteSchemas } from './validate.js';

/**
 * Makes a service's Nest application on Fastify with everything a service shares: tokens, permissions, validation, problems, limits,
 * idempotency, health, the request log. Listen with `listen(port, host)`; `close()` lets requests in flight end.
 */
export async function createHttpApp(module: Type, options: HttpAppOptions): Promise<NestFastifyApplication> {
  const nest = { logger: nestLogger(options.logger), bodyParser: false, abortOnError: false };
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and documents literals
  const app = await NestFactory.create<NestFastifyApplication>(module, createHttpAdapter(options), nest);
  return configureHttpApp(app, options);
}

/** For an application made by hand (`Test.createTestingModule`, with `bodyParser: false`) on {@link createHttpAdapter}. */
export function configureHttpApp(app: NestFastifyApplication, options: HttpAppOptions): NestFastifyApplication {
  app.useGlobalFilters(new ProblemFilter(options.logger));
  return app;
}

/** The adapter with all hooks in place. A handler that was bound otherwise than by `@Handle` fails the start. */
export function createHttpAdapter(options: HttpAppOptions): FastifyAdapter {
  const limits: HttpLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const adapter = bareAdapter(limits);
  const instance = adapter.getInstance<FastifyInstance>();
  instance.decorateRequest('myriad');
  installBodyParser(instance, limits);
  const schemas = installRoutes(instance);
  installRequestHooks(instance, options, schemas);
  const isDraining = installDrain(instance, limits.drainMs);
  installHealthDoors(instance, options, isDraining);
  return adapter;
}

/** Parsed schemas by route, made when a route is registered. */
function installRoutes(instance: FastifyInstance): ReadonlyMap<object, RouteSchemas> {
  const schemas = new Map<object, RouteSchemas>();
  instance.addHook('onRoute', ({ config, method, url }) => {
    if (config?.myriadRoute !== undefined) schemas.set(config.myriadRoute, schemasOf(config.myriadRoute));
    else if (config?.isOpenDoor !== true) throw new Error(`${String(method)} ${url} is not bound by @Handle(route)`);
  });
  return schemas;
}

function installRequestHooks(
  instance: FastifyInstance,
  options: HttpAppOptions,
  schemas: ReadonlyMap<object, RouteSchemas>,
): void {
  const { idempotency, logger } = options;
  instance.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    request.myriad = {};
    reply.header('x-request-id', request.id);
    const route = routeOf(request);
    if (route !== undefined) await authorize(request, route, options.verifier);
  });
  instance.addHook('preHandler', async (request: FastifyRequest, reply: FastifyReply) => {
    const { route, bodyError } = request.myriad;
    if (route === undefined) return;
    if (bodyError !== undefined) throw bodyError;
    const schema = schemas.get(route);
    if (schema !== undefined) validateRequest(request, route, schema);
    if (idempotency !== undefined) await claimIdempotencyKey(request, reply, idempotency);
  });
  if (options.validateResponses === true) instance.addHook('preSerialization', checkResponse);
  if (idempotency !== undefined) {
    instance.addHook('onSend', async (request, reply, payload) => {
      await settleIdempotencyKey(request, reply, payload, { port: idempotency, logger });
      return payload;
    });
  }
  instance.addHook('onResponse', (request, reply, done) => {
    if (!request.routeOptions.config.isOpenDoor) logRequest(logger, request, reply);
    done();
  });
}

/** Answers what the contract does not say are a fault of ours, whether a member is missing, of another type, or one too many. */
function checkResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: (error: Error | null, payload: unknown) => void,
): void {
  const { route } = request.myriad;
  if (route === undefined || reply.statusCode >= 400) {
    done(null, payload);
    return;
  }
  const sent: unknown = JSON.parse(JSON.stringify(payload));
  const result = route.response.safeParse(sent);
  const why = result.success ? undeclared(sent, result.data) : result.error.message;
  done(
    why === undefined
      ? null
      : new ProblemError({
          kind: 'internal',
          code: 'http.internal',
          detail: `${route.operationId} broke its contract: ${why}`,
        }),
    payload,
  );
}

function undeclared(sent: unknown, declared: unknown): string | undefined {
  const [whole, known] = [canonicalJson(sent), canonicalJson(declared)];
  return whole === known ? undefined : `it sent ${whole}, of which the contract knows ${known}`;
}

/**
 * While the app closes, requests in flight go on and their connections end after them; event streams end at once; what is not done
 * after `drainMs` is cut.
 */
function installDrain(instance: FastifyInstance, drainMs: number): () => boolean {
  const streams = new Set<EventStream>();
  let isDraining = false;
  instance.addHook('onSend', (_request, reply, payload, done) => {
    if (isDraining) reply.header('connection', 'close');
    if (payload instanceof EventStream) {
      streams.add(payload);
      payload.once('close', () => streams.delete(payload));
      if (isDraining) payload.finish();
    }
    done(null, payload);
  });
  instance.addHook('preClose', (done) => {
    isDraining = true;
    for (const stream of streams) stream.finish();
    const cut = setTimeout(() => {
      instance.server.closeAllConnections();
    }, drainMs);
    instance.server.once('close', () => {
      clearTimeout(cut);
    });
    done();
  });
  return () => isDraining;
}

/** Nest's own words are kept from the log, but for what it warns of. */
function nestLogger(logger: HttpLogger): LoggerService {
  const text = (message: unknown): string => (message instanceof Error ? message.message : String(message));
  const silent = (): void => undefined;
  return {
    log: silent,
    debug: silent,
    verbose: silent,
    warn: (message: unknown) => {
      logger.warn({ from: 'nest' }, text(message));
    },
    error: (message: unknown) => {
      logger.error({ from: 'nest', err: message instanceof Error ? message : undefined }, text(message));
    },
  };
}
