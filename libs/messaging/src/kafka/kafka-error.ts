import { ProblemError } from '@myriad/kernel';
import { isError } from '../connection-error.js';
import { backOffMs, pause } from '../group/gate.js';
import { messagingProblem } from '../messaging-problem.js';

interface KafkaError extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
}

/** The error at the root: kafkajs wraps one in another when its retries ran out. */
function rootOf(error: Error): KafkaError {
  return isError(error.cause) ? rootOf(error.cause) : error;
}

const UNREACHABLE = /Connection|Broker|Timeout|Retries|Closed|Metadata|LockTimeout/;
/** The group has gone on without this member. */
const FENCED = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID']);

/** Whether the coordinator refused a commit because the partition moved. */
export function isFenced(error: unknown): boolean {
  return isError(error) && FENCED.has(rootOf(error).type ?? '');
}

/** Turns an error of kafkajs into this package's problem, and leaves every other error as it is. */
export function kafkaProblem(error: unknown): unknown {
  if (!isError(error) || error instanceof ProblemError) return error;
  const root = rootOf(error);
  if (root.type === 'UNKNOWN_TOPIC_OR_PARTITION')
    return messagingProblem('not-found', 'unknown_topic', root.message, { cause: error });
  if (root.type === 'MESSAGE_TOO_LARGE' || root.type === 'RECORD_LIST_TOO_LARGE')
    return messagingProblem('too-large', 'record_too_large', root.message, { cause: error });
  if (root.retriable === true || UNREACHABLE.test(error.name) || UNREACHABLE.test(root.name))
    return messagingProblem('unavailable', 'unavailable', `the event log can't be reached: ${root.message}`, {
      cause: error,
    });
  return error;
}

/** Runs `work` and turns its errors. */
export async function inKafka<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw kafkaProblem(error);
  }
}

const PERSISTENCE_MS = 10_000;

/** Runs `work` again, for ten seconds, while brokers are about to agree who leads what. */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  const { signal } = new AbortController();
  const deadlineMs = performance.now() + PERSISTENCE_MS;
  for (let failures = 1; ; failures += 1) {
    try {
      return await inKafka(work);
    } catch (error) {
      if (!(error instanceof ProblemError && error.retryable) || performance.now() > deadlineMs) throw error;
      await pause(Math.min(500, backOffMs(failures)), signal);
    }
  }
}
