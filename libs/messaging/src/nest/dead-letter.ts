import type { TopicDefinition } from '@myriad/contracts';
import { ProblemError } from '@myriad/kernel';
import { isError } from '../connection-error.js';
import type { NewRecord, StoredRecord } from '../event-log.port.js';

const DAY_MS = 86_400_000;

/** Where a group puts what it could not handle: one record a dead letter, a tombstone when it was replayed or discarded. */
export function deadLetterTopic(group: string): TopicDefinition {
  return { name: `myriad.dead-letter.${group}`, partitions: 1, cleanup: 'compact' };
}

/** What a group gets again, and no other group. */
export function retryTopic(group: string): TopicDefinition {
  return { name: `myriad.retry.${group}`, partitions: 4, cleanup: 'delete', retentionMs: 30 * DAY_MS };
}

/** A record that a group could not handle. */
export interface DeadLetter {
  /** Names it: `<tenant>/<topic>/<partition>/<offset>` of the original record. */
  readonly id: string;
  readonly group: string;
  /** The error's message. */
  readonly reason: string;
  /** The problem's stable code, or the error's name. */
  readonly code: string;
  /** Attempts over all deliveries. */
  readonly attempts: number;
  readonly failedAtMs: number;
  /** Of the original record. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Buffer | null;
}

/** Names of the headers that say what happened; the original record's own headers stand beside them. */
const HEADER = {
  reason: 'myriad-reason',
  code: 'myriad-code',
  attempts: 'myriad-attempts',
  failedAt: 'myriad-failed-at-ms',
  topic: 'myriad-original-topic',
  partition: 'myriad-original-partition',
  offset: 'myriad-original-offset',
  key: 'myriad-original-key',
} as const;
const OWN_HEADERS: ReadonlySet<string> = new Set(Object.values(HEADER));
const MAX_REASON_CHARACTERS = 2_000;

/** Attempts that earlier deliveries of a replayed record took. */
export function attemptsBefore(record: StoredRecord): number {
  return Number(record.headers[HEADER.attempts] ?? 0);
}

/** The dead letter of a record; a replayed one keeps the place of its original. */
export function toDeadLetter(group: string, record: StoredRecord, error: unknown, attempts: number): NewRecord {
  const { headers } = record;
  const original = {
    [HEADER.topic]: headers[HEADER.topic] ?? record.topic,
    [HEADER.partition]: headers[HEADER.partition] ?? String(record.partition),
    [HEADER.offset]: headers[HEADER.offset] ?? String(record.offset),
  };
  const tenant = record.key.split('/', 1)[0] ?? '';
  return {
    topic: deadLetterTopic(group).name,
    key: [tenant, ...Object.values(original)].join('/'),
    value: record.value ?? Buffer.alloc(0),
    headers: {
      ...headers,
      ...original,
      [HEADER.key]: record.key,
      [HEADER.reason]: reasonOf(error).slice(0, MAX_REASON_CHARACTERS),
      [HEADER.code]: codeOf(error),
      [HEADER.attempts]: String(attemptsBefore(record) + attempts),
      [HEADER.failedAt]: String(Date.now()),
    },
  };
}

/** Reads a record of the dead-letter topic. */
export function fromDeadLetter(group: string, record: StoredRecord): DeadLetter {
  const { headers } = record;
  return {
    id: record.key,
    group,
    reason: headers[HEADER.reason] ?? '',
    code: headers[HEADER.code] ?? '',
    attempts: attemptsBefore(record),
    failedAtMs: Number(headers[HEADER.failedAt] ?? record.timestampMs),
    topic: headers[HEADER.topic] ?? '',
    partition: Number(headers[HEADER.partition] ?? 0),
    offset: BigInt(headers[HEADER.offset] ?? 0),
    key: headers[HEADER.key] ?? '',
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name))),
    value: record.value,
  };
}

/** The record that brings a dead letter to its group again. */
export function toRetry(letter: DeadLetter): NewRecord {
  return {
    topic: retryTopic(letter.group).name,
    key: letter.key,
    value: letter.value,
    headers: {
      ...letter.headers,
      [HEADER.topic]: letter.topic,
      [HEADER.partition]: String(letter.partition),
      [HEADER.offset]: String(letter.offset),
      [HEADER.attempts]: String(letter.attempts),
    },
  };
}

function reasonOf(error: unknown): string {
  if (!isError(error)) return String(error);
  const details = error instanceof ProblemError ? error.errors.map((e) => `${e.pointer}: ${e.detail}`) : [];
  return [error.message, ...details].join('; ');
}

function codeOf(error: unknown): string {
  if (error instanceof ProblemError) return error.code;
  return isError(error) ? error.name : 'unknown';
}
