import { ProblemError } from '@myriad/kernel';
import { isOutdated } from './prepared-statements.js';

/** SQLSTATE codes (https://www.postgresql.org/docs/18/errcodes-appendix.html) that are treated apart. */
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const QUERY_CANCELED = '57014';
const LOCK_NOT_AVAILABLE = '55P03';
const ROW_SECURITY = '42501';
/** A text holds NUL, which PostgreSQL can't. */
const NUL_IN_TEXT = '22021';
const NUL_IN_JSON = '22P05';
/** Class 08 and these: the server went away, is starting, or has no room. */
const AWAY = new Set([
  '57P01',
  '57P02',
  '57P03',
  '53300',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
]);
/** The last two are TypeORM's and the driver's words for a connection that was lost between two statements of a transaction. */
const AWAY_MESSAGE =
  /connection terminated|connection ended|timeout exceeded when trying to connect|query read timeout|connection error|query runner already released|not queryable/i;

interface PgFault {
  readonly code: string | undefined;
  readonly constraint: string | undefined;
  readonly message: string;
}

/** TypeORM wraps the driver's error and copies its members; node wraps several refused addresses in one. */
function faultOf(error: unknown): PgFault {
  if (!(error instanceof Error)) return { code: undefined, constraint: undefined, message: String(error) };
  const { code, constraint, errors } = error as { code?: unknown; constraint?: unknown; errors?: unknown[] };
  const inner = (errors?.[0] as { code?: unknown } | undefined)?.code;
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return { code: text(code) ?? text(inner), constraint: text(constraint), message: error.message };
}

/** Whether the same transaction may succeed when it is run again. */
export function isTransient(error: unknown): boolean {
  const { code } = faultOf(error);
  return code === SERIALIZATION_FAILURE || code === DEADLOCK || isOutdated(error);
}

/** Whether a unique constraint (that one, when named) refused a row: for stores that turn it into a refusal of their own. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const fault = faultOf(error);
  return fault.code === UNIQUE_VIOLATION && (constraint === undefined || fault.constraint === constraint);
}

/** Whether a foreign key refused a row. */
export function isForeignKeyViolation(error: unknown, constraint?: string): boolean {
  const fault = faultOf(error);
  return fault.code === FOREIGN_KEY_VIOLATION && (constraint === undefined || fault.constraint === constraint);
}

/** Whether the connection or the server is gone. */
export function isUnavailable(error: unknown): boolean {
  const { code, message } = faultOf(error);
  return (code !== undefined && (AWAY.has(code) || code.startsWith('08'))) || AWAY_MESSAGE.test(message);
}

/** Whether a row of another tenant was about to be written, or a right is missing. */
export function isInsufficientPrivilege(error: unknown): boolean {
  return faultOf(error).code === ROW_SECURITY;
}

/** Turns what the database says about load and outages into refusals; everything else stays as it is. */
export function asProblem(error: unknown): unknown {
  if (error instanceof ProblemError) return error;
  if (isTransient(error))
    return problem(
      'conflict',
      'concurrent_update',
      'others changed the same rows at the same time, again and again',
      error,
    );
  const { code } = faultOf(error);
  if (code === NUL_IN_TEXT || code === NUL_IN_JSON)
    return problem('invalid', 'text_invalid', 'a text that was sent holds the character U+0000; leave it out', error);
  if (code === QUERY_CANCELED)
    return problem('timeout', 'statement_timeout', 'a database statement took longer than it may', error);
  if (code === LOCK_NOT_AVAILABLE)
    return problem('unavailable', 'lock_timeout', 'rows that are needed stayed locked by others', error);
  if (isUnavailable(error)) return problem('unavailable', 'database_unavailable', 'the database is away', error);
  return error;
}

function problem(
  kind: 'conflict' | 'invalid' | 'timeout' | 'unavailable',
  code: string,
  detail: string,
  cause: unknown,
): ProblemError {
  const retry = kind === 'unavailable' ? { retryAfterSeconds: 1 } : {};
  return new ProblemError({ kind, code: `persistence.${code}`, detail, cause, ...retry });
}
