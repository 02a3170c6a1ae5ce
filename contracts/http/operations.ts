import { z } from 'zod';
import { fields } from '../define-event.js';
import { type RouteDefinition, defineRoute, pageOf, pageQuery } from '../define-route.js';

/** The services whose state operators see and whose dead letters they handle: those with a database. */
export const OPERATED_SERVICES = ['auth', 'registry', 'training', 'evaluator', 'deployer', 'batch'] as const;
export type OperatedService = (typeof OPERATED_SERVICES)[number];

const seconds = z.number().nonnegative();

export const readinessSchema = z.object({
  name: z.string(),
  ok: z.boolean(),
  reason: z.string().describe('empty while it holds'),
  since: fields.time.describe('when it last changed, as far as this process knows'),
});

const processSchema = z.object({
  version: z.string(),
  instance: z.string().describe('names the replica that answers'),
  now: fields.time.describe("this replica's clock"),
  startedAt: fields.time,
  eventLoopDelaySeconds: seconds.describe('99th percentile of the last seconds'),
  residentBytes: fields.sizeBytes,
});

/** The newest snapshot of a compacted topic, which new replicas of others begin with. */
const snapshotStateSchema = z.object({
  topic: z.string(),
  madeAt: fields.time.nullable().describe('null: there is none'),
  keys: fields.count,
  sizeBytes: fields.sizeBytes.describe('of its parts in the object store; 0 for one of an earlier version'),
  newRecords: fields.count.describe('what a replica that begins with it reads from the topic besides'),
  overdueSeconds: seconds.describe('for how long a newer one should have been there'),
  isUsable: z.boolean().describe('false: replicas that begin now read the whole topic'),
});

/** What one replica of a service with a database says of itself and of its part of the event log. */
export const operationsSchema = processSchema.extend({
  service: z.string(),
  isReady: z.boolean(),
  checks: z.array(readinessSchema),
  events: z
    .array(
      z.object({
        topic: z.string(),
        lagRecords: fields.count,
        oldestAgeSeconds: seconds.nullable().describe('age of the oldest record that is not handled; null: not known'),
      }),
    )
    .nullable()
    .describe('what the service has not handled yet, a topic; null while the event log is away'),
  outbox: z
    .object({ records: fields.count, oldestAgeSeconds: seconds, isLeader: z.boolean() })
    .nullable()
    .describe('events on their way to the log; isLeader: this replica relays; null while the database is away'),
  deadLetters: fields.count.nullable().describe('neither replayed nor discarded; null while the event log is away'),
  pool: z.object({ size: fields.count, used: fields.count, waiting: fields.count }).describe('database connections'),
  queues: z.array(z.object({ name: z.string(), waiting: fields.count })).describe('work that waits for its turn'),
  snapshots: z
    .array(snapshotStateSchema)
    .nullable()
    .describe('of the topics that others begin with; null while the event log or the object store is away'),
});

export const deadLetterSchema = z.object({
  deadLetterId: z.string(),
  tenantId: z.string(),
  topic: z.string(),
  partition: fields.count,
  offset: z.string(),
  key: z.string(),
  eventType: z.string().nullable(),
  eventId: z.string().nullable(),
  traceparent: z.string().nullable(),
  reason: z.string(),
  code: z.string().describe("the problem's code, or the error's name"),
  attempts: fields.count,
  failedAt: fields.time,
});

const byLetter = z.object({ deadLetterId: z.string().regex(/^[\w-]{1,400}$/) });

const discardBody = z.strictObject({ reason: z.string().min(3).max(500) });
const letterPage = pageOf(deadLetterSchema);

/** What operators may ask of one service. */
export interface OperationsRoutes {
  readonly status: RouteDefinition<z.ZodNever, z.ZodNever, z.ZodNever, typeof operationsSchema>;
  readonly list: RouteDefinition<z.ZodNever, typeof pageQuery, z.ZodNever, typeof letterPage>;
  readonly replay: RouteDefinition<typeof byLetter, z.ZodNever, z.ZodNever, typeof deadLetterSchema>;
  readonly discard: RouteDefinition<typeof byLetter, z.ZodNever, typeof discardBody, typeof deadLetterSchema>;
}

/** The routes of one service, by their part. */
export function operationsOf(service: string): OperationsRoutes {
  const name = service.charAt(0).toUpperCase() + service.slice(1);
  const path = `/v1/operations/${service}`;
  const problems = ['messaging.unknown_dead_letter'];
  return {
    status: defineRoute({
      operationId: `get${name}Operations`,
      method: 'GET',
      path,
      summary: `How ${service} is: readiness, lag and age of events, outbox, dead letters, saturation`,
      permission: 'operations:read',
      scope: 'platform',
      response: operationsSchema,
    }),
    list: defineRoute({
      operationId: `list${name}DeadLetters`,
      method: 'GET',
      path: `${path}/dead-letters`,
      summary: `Events that ${service} could not handle, and why; oldest failure first`,
      permission: 'operations:read',
      scope: 'platform',
      query: pageQuery,
      response: letterPage,
    }),
    replay: defineRoute({
      operationId: `replay${name}DeadLetter`,
      method: 'POST',
      path: `${path}/dead-letters/:deadLetterId/replay`,
      summary: `Give ${service} the event again`,
      permission: 'operations:write',
      scope: 'platform',
      params: byLetter,
      status: 202,
      response: deadLetterSchema,
      problems,
    }),
    discard: defineRoute({
      operationId: `discard${name}DeadLetter`,
      method: 'POST',
      path: `${path}/dead-letters/:deadLetterId/discard`,
      summary: `Put the event away for good, saying why`,
      permission: 'operations:write',
      scope: 'platform',
      params: byLetter,
      body: discardBody,
      response: deadLetterSchema,
      problems,
    }),
  };
}

/** The same by their operation ids, as a contract lists them. */
export function operationsRoutes(service: OperatedService): Readonly<Record<string, RouteDefinition>> {
  const { status, list, replay, discard } = operationsOf(service);
  const routes: readonly RouteDefinition[] = [status, list, replay, discard];
  return Object.fromEntries(routes.map((route) => [route.operationId, route]));
}

const seenSchema = z.object({
  isReady: z.boolean(),
  reason: z.string().describe('why it is not ready; empty while it is'),
  since: fields.time.describe('when that last changed, as far as the gateway knows'),
});

/** What the gateway says of itself, and sees of the others: it asks each for its readiness every few seconds. */
export const gatewayOperationsSchema = processSchema.extend({
  service: z.literal('gateway'),
  services: z.array(seenSchema.extend({ service: z.string() })),
  replicas: z.array(seenSchema.extend({ environment: z.string(), pool: z.string(), url: z.string() })),
});
