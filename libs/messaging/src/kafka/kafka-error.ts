import { ProblemError } from '@myriad/kernel';
import { isError } from '../connection-error.js';
import { backOffMs, pause } from '../group/gate.js';
import { messagingProblem } from '../messaging-problem.js';

/** The members by which the two libraries say what went wrong: kafkajs' `type`, platformatic's `apiId`, Node's `code`. */
interface KafkaError extends Error {
  readonly type?: string;
  readonly apiId?: string | null;
  readonly code?: unknown;
  readonly retriable?: boolean;
  readonly canRetry?: boolean;
  readonly errors?: readonly unknown[];
}

/** An error, its causes and the errors it gathers: both libraries wrap one in another when their retries ran out. */
function chainOf(error: unknown, depth = 0): readonly KafkaError[] {
  if (!isError(error) || depth > 8) return [];
  const { errors } = error as KafkaError;
  return [error, ...[error.cause, ...(errors ?? [])].flatMap((inner) => chainOf(inner, depth + 1))];
}

const UNREACHABLE = /Connection|Broker|Timeout|Retries|Closed|Metadata|LockTimeout/;
/** The group has gone on without this member. */
const FENCED = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID']);
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
/** Brokers can't have, or may not have, a topic as it is asked for. */
const TOPIC_REFUSED = new Set([
  'INVALID_REPLICATION_FACTOR',
  'INVALID_PARTITIONS',
  'INVALID_CONFIG',
  'INVALID_TOPIC_EXCEPTION',
  'POLICY_VIOLATION',
]);
/** Brokers refuse who this is or may not do it. */
const REFUSED = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'PLT_KFK_AUTHENTICATION',
]);
/** Node's and OpenSSL's words for a certificate or a protocol that does not fit. */
const TLS =
  /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|EPROTO$)|self.signed certificate|unable to verify|altnames|TLS handshake failed|before secure TLS connection|SSL routines/;
const SASL = /SASL|[Aa]uthenticat/;

const idOf = ({ type, apiId, code }: KafkaError): string => type ?? apiId ?? (typeof code === 'string' ? code : '');

/** Whether the coordinator refused a commit because the partition moved. */
export function isFenced(error: unknown): boolean {
  return chainOf(error).some((one) => FENCED.has(idOf(one)));
}

/** Whether a partition was asked for records that it does not have (any more). */
export function isOutOfRange(error: unknown): boolean {
  return chainOf(error).some((one) => idOf(one) === 'OFFSET_OUT_OF_RANGE');
}

/** Turns an error of a Kafka library into this package's problem, and leaves every other error as it is. No secret is in its words. */
export function kafkaProblem(error: unknown): unknown {
  if (!isError(error) || error instanceof ProblemError) return error;
  const chain = chainOf(error);
  const root = chain.at(-1) as KafkaError;
  const has = (test: (one: KafkaError) => boolean): boolean => chain.some(test);
  const because = { cause: error };
  const unknown = chain.find((one) => idOf(one) === 'UNKNOWN_TOPIC_OR_PARTITION' || /Unknown topic/.test(one.message));
  if (unknown) return messagingProblem('not-found', 'unknown_topic', unknown.message, because);
  if (has((one) => TOO_LARGE.has(idOf(one))))
    return messagingProblem('too-large', 'record_too_large', root.message, because);
  const asked = chain.find((one) => TOPIC_REFUSED.has(idOf(one)));
  if (asked)
    return messagingProblem('conflict', 'topic_refused', `the brokers refused a topic: ${asked.message}`, because);
  const tls = chain.find((one) => TLS.test(idOf(one)) || TLS.test(one.message));
  if (tls) return refused(`TLS could not be agreed on: ${tls.message}`);
  const login = chain.find((one) => REFUSED.has(idOf(one)) || one.name.includes('SASL'));
  if (login) return refused(SASL.test(login.message) ? 'the login was refused' : login.message);
  if (isAway(chain))
    return messagingProblem('unavailable', 'unavailable', `the event log can't be reached: ${root.message}`, because);
  return error;
}

/** Without its cause: the libraries' authentication errors may hold what was sent. */
function refused(reason: string): ProblemError {
  return messagingProblem('forbidden', 'access_refused', `the brokers refused access: ${reason}`);
}

function isAway(chain: readonly KafkaError[]): boolean {
  return chain.some(
    (one) =>
      one.retriable === true ||
      one.canRetry === true ||
      one.code === 'PLT_KFK_NETWORK' ||
      UNREACHABLE.test(one.name) ||
      (typeof one.code === 'string' && /^E[A-Z]+$/.test(one.code)),
  );
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
export async function persistently<T>(
  work: () => Promise<T>,
  signal: AbortSignal = new AbortController().signal,
): Promise<T> {
  const deadlineMs = performance.now() + PERSISTENCE_MS;
  for (let failures = 1; ; failures += 1) {
    try {
      return await inKafka(work);
    } catch (error) {
      const isOver = signal.aborted || performance.now() > deadlineMs;
      if (isOver || !(error instanceof ProblemError && error.retryable)) throw error;
      await pause(Math.min(500, backOffMs(failures)), signal);
    }
  }
}
