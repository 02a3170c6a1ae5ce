import type { DynamicModule, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authorize } from './authorize.js';
import { installBodyParser } from './body-parser.js';
import { checkResponse } from './check-response.js';
import { installDirectDoor } from './direct/direct-door.js';
import { installDrain } from './drain.js';
import { installHealthDoors } from './health.js';
import { bareAdapter } from './http-adapter.js';
import { claimIdempotencyKey, settleIdempotencyKey } from './idempotency.js';
import { DEFAULT_LIMITS, type HttpAppOptions, type HttpLimits, type HttpLogger } from './options.js';
import { ProblemFilter } from './problem.filter.js';
import { InFlight } from './request-record.js';
import { installRequestState, routeOf } from './request-state.js';
import { installRequestTelemetry } from './request-telemetry.js';
import { guardTls } from './tls/guard-tls.js';
import { schemasOf, validateRequest, type RouteSchemas } from './validate.js';

/**
 * Makes a service's Nest application on Fastify with everything a service shares: tokens, permissions, validation, problems, limits,
 * idempotency, health, the request log. Listen with `listen(port, host)`; `close()` lets requests in flight end.
 */
export async function createHttpApp(
  module: Type | DynamicModule,
  options: HttpAppOptions,
): Promise<NestFastifyApplication> {
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
  const adapter = bareAdapter(limits, options.tls);
  const instance = adapter.getInstance<FastifyInstance>();
  const inFlight = new InFlight();
  installDirectDoor(instance, { ...options, limits, inFlight });
  if (options.tls !== undefined) guardTls(instance, options.tls, options.logger);
  installRequestState(instance);
  instance.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  installRequestTelemetry(instance, options.logger, inFlight);
  installBodyParser(instance, limits);
  const schemas = installRoutes(instance);
  installRequestHooks(instance, options, schemas);
  const isDraining = installDrain(instance, limits);
  installHealthDoors(instance, options, isDraining);
  return adapter;
}

/** Parsed schemas by route, made when a route is registered. */
function installRoutes(instance: FastifyInstance): ReadonlyMap<object, RouteSchemas> {
  const schemas = new Map<object, RouteSchemas>();
  instance.addHook('onRoute', ({ config, method, url }) => {
    const route = config?.myriadRoute;
    if (route?.bytesBody !== undefined)
      throw new Error(`${String(method)} ${url} takes bytes: add it to the direct door`);
    if (route !== undefined) schemas.set(route, schemasOf(route));
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
    const route = routeOf(request);
    if (route?.secretResponse === true) reply.header('cache-control', 'no-store');
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
