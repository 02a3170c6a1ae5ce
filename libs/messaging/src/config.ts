import { secret } from '@myriad/config';
import { z } from 'zod';

/** Which event log a service uses; spread into a service's config. */
export const eventLogConfig = {
  EVENT_LOG: z.enum(['postgres', 'kafka', 'memory']).default('postgres').describe('adapter of the event log'),
  EVENT_LOG_URL: secret(
    z
      .url({ protocol: /^postgres(ql)?$/ })
      .optional()
      .describe('for postgres: postgres://user:password@host:port/database'),
  ),
  KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .pipe(z.array(z.string().regex(/^[^\s:]+:\d{1,5}$/, 'must be host:port[,host:port…]')))
    .optional()
    .describe('for kafka: host:port, comma separated'),
  KAFKA_CLIENT: z.enum(['platformatic', 'kafkajs']).default('platformatic').describe('library that speaks to Kafka'),
  KAFKA_REPLICATION: z.coerce.number().int().min(1).max(7).default(1).describe('replicas of new topics, 1–7'),
  KAFKA_TLS: z.stringbool().default(false).describe('whether brokers are spoken to over TLS'),
  KAFKA_CA_FILE: z.string().min(1).optional().describe("PEM file of the brokers' authority, when it is no public one"),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional().describe('absent: no login'),
  KAFKA_SASL_USERNAME: z.string().min(1).optional(),
  KAFKA_SASL_PASSWORD: secret(z.string().min(1).optional().describe('password of the login')),
} as const;

/** For services that begin with snapshots of compacted topics; they need an object store. */
export const snapshotConfig = {
  SNAPSHOTS: z
    .stringbool()
    .default(false)
    .describe('whether compacted topics are read from their snapshots in the object store on'),
} as const;

/** For services that write them, too. */
export const snapshotWriterConfig = {
  ...snapshotConfig,
  SNAPSHOT_AFTER_RECORDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .default(50_000)
    .describe('a snapshot is written after so many records of the topic, 1–10,000,000'),
  SNAPSHOT_AFTER_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(21_600)
    .default(900)
    .describe('or after this time if there was any, seconds, 1–21,600'),
} as const;

/** Parsed {@link snapshotWriterConfig}. */
export type SnapshotWriterConfig = z.output<z.ZodObject<typeof snapshotWriterConfig>>;

/** Parsed {@link eventLogConfig}. */
export type EventLogConfig = z.output<z.ZodObject<typeof eventLogConfig>>;
