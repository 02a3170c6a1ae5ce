import type { Digest } from '@myriad/kernel';
import { z } from 'zod';

/** A topic of the event log. Partitions are chosen by the tenant: the part of the key before its first `/`. */
export interface TopicDefinition {
  /** `myriad.<service>.<noun>.v1` */
  readonly name: string;
  readonly partitions: number;
  /** `compact` keeps the newest record of each key for ever; `delete` keeps all for `retentionMs`. */
  readonly cleanup: 'compact' | 'delete';
  /** Milliseconds; only for `delete`. */
  readonly retentionMs?: number;
}

const DAY_MS = 86_400_000;

/** A topic that keeps the newest state of each key: a reader from the start has all that is true now. */
export function compactedTopic(name: string, partitions = 8): TopicDefinition {
  return { name, partitions, cleanup: 'compact' };
}

/** A topic that keeps every event for `retentionDays` days (default 30). */
export function eventTopic(name: string, partitions = 8, retentionDays = 30): TopicDefinition {
  return { name, partitions, cleanup: 'delete', retentionMs: retentionDays * DAY_MS };
}

/** An event of one version: what its data holds and which topic and key carry it. */
export interface EventDefinition<S extends z.ZodType = z.ZodType> {
  /** `<service>.<noun-verbed>.v<N>`: the CloudEvents `type`. */
  readonly type: string;
  readonly topic: TopicDefinition;
  readonly summary: string;
  readonly data: S;
  /** The record's key; starts with the tenant id, so that a tenant's events of one topic keep their order. */
  readonly key: (data: z.infer<S>, tenantId: string) => string;
  /** Paths in the data (`serving.micros`) at which the events of a fleet differ. Snapshots keep what is elsewhere once for all that have it in common; without it, events cost no more than their text. */
  readonly columns?: readonly string[];
  /** A valid instance; printed in the AsyncAPI document and replayed as a compatibility test. */
  readonly example: z.infer<S>;
}

export function defineEvent<S extends z.ZodType>(definition: EventDefinition<S>): EventDefinition<S> {
  return definition;
}

/** The data of an event definition. */
export type EventData<E> = E extends EventDefinition<infer S> ? z.infer<S> : never;

/** CloudEvents 1.0 in structured JSON; what stands in a record of the log. */
export interface CloudEvent<T = unknown> {
  readonly specversion: '1.0';
  /** UUIDv7; the consumer's inbox remembers it. */
  readonly id: string;
  readonly type: string;
  /** `/myriad/<service>` */
  readonly source: string;
  /** The record's key. */
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  readonly dataschema: string;
  readonly datacontenttype: 'application/json';
  readonly tenantid: string;
  readonly traceparent?: string;
  readonly causationid?: string;
  readonly data: T;
}

/** The schema of the envelope, without `data`. */
export const cloudEventSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.uuid(),
  type: z.string().min(1),
  source: z.string().min(1),
  subject: z.string().min(1),
  time: z.iso.datetime(),
  dataschema: z.string().min(1),
  datacontenttype: z.literal('application/json'),
  tenantid: z.string().min(1),
  traceparent: z.string().optional(),
  causationid: z.string().optional(),
  data: z.unknown(),
});

/** Field types that many events share. */
export const fields = {
  tenantId: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  id: z.string().min(1).max(128),
  name: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) as unknown as z.ZodType<Digest, Digest>,
  time: z.iso.datetime(),
  environment: z.enum(['research', 'applied-science', 'engineering', 'production']),
  sizeBytes: z.int().nonnegative(),
  count: z.int().nonnegative(),
} as const;
