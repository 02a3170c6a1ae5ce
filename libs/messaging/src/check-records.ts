import type { NewRecord, SubscribeOptions } from './event-log.port.js';
import { messagingProblem } from './messaging-problem.js';

/** The largest value of a record. */
export const MAX_VALUE_BYTES = 1_048_576;
const MAX_KEY_CHARACTERS = 1_024;

/** @throws {ProblemError} `messaging.record_too_large`, `messaging.invalid_record`. */
export function checkRecords(records: readonly NewRecord[]): void {
  for (const { topic, key, value } of records) {
    if (value !== null && value.length > MAX_VALUE_BYTES)
      throw messagingProblem(
        'too-large',
        'record_too_large',
        `the value of '${key}' for topic '${topic}' has ${value.length} bytes; at most ${MAX_VALUE_BYTES} are allowed`,
      );
    if (key.length === 0 || key.length > MAX_KEY_CHARACTERS || key.includes('\0'))
      throw messagingProblem(
        'invalid',
        'invalid_record',
        `a key of ${key.length} characters was sent for topic '${topic}'; 1–${MAX_KEY_CHARACTERS} without NUL are allowed`,
      );
  }
}

/** Subscription options with the defaults filled in. */
export interface CheckedSubscribeOptions {
  readonly group: string;
  readonly topics: readonly string[];
  readonly from: 'earliest' | 'latest';
  readonly maxBatch: number;
  readonly sessionTimeoutMs: number;
}

/** Fills in defaults. @throws {ProblemError} `messaging.invalid_option` when a value is out of range. */
export function checkSubscribeOptions(options: SubscribeOptions): CheckedSubscribeOptions {
  const { group, topics, from = 'earliest', maxBatch = 500, sessionTimeoutMs = 10_000 } = options;
  const refuse = (detail: string): never => {
    throw messagingProblem('invalid', 'invalid_option', detail);
  };
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(group)) refuse(`group '${group}' must be 1–200 of A–Z a–z 0–9 . _ -`);
  if (topics.length === 0) refuse('a subscription needs at least one topic');
  if (!Number.isInteger(maxBatch) || maxBatch < 1 || maxBatch > 10_000) refuse(`maxBatch ${maxBatch} must be 1–10,000`);
  if (!(sessionTimeoutMs >= 500)) refuse(`sessionTimeoutMs ${sessionTimeoutMs} must be at least 500`);
  return { group, topics: [...new Set(topics)].sort(), from, maxBatch, sessionTimeoutMs };
}
