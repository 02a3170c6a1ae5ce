/**
 * Kinds of refusal. A kind says what the caller can do about it and maps to one HTTP status at the edge (`libs/http`); domain code never names a status.
 */
export const PROBLEM_KINDS = [
  'invalid', // the request breaks a rule that the caller can read: 400
  'unauthenticated', // no valid key or token: 401
  'forbidden', // known caller, missing permission or foreign tenant: 403
  'not-found', // nothing of that name in the caller's tenant: 404
  'conflict', // the state moved on or forbids this: 409
  'gone', // it was there and expired: 410
  'too-large', // over a stated size: 413
  'unprocessable', // well formed, but the content is refused: 422
  'rate-limited', // over a stated rate: 429
  'timeout', // the stated deadline passed: 504
  'unavailable', // try again later: 503
  'unsupported', // a feature the protocol has and this server has not: 501
  'internal', // our fault: 500
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

/** One fault within a request. */
export interface ProblemDetail {
  /** JSON Pointer (RFC 6901) into the body, or `#query/<name>`, `#path/<name>`, `#header/<name>`. */
  readonly pointer: string;
  /** What was sent there and what is allowed. */
  readonly detail: string;
}

export interface ProblemOptions {
  readonly kind: ProblemKind;
  /** Stable, from the service's closed list: `<service>.<snake_case>`, e.g. `registry.model_not_found`. */
  readonly code: string;
  /** What was sent, what is allowed. Never a secret. */
  readonly detail: string;
  readonly errors?: readonly ProblemDetail[];
  /** For `rate-limited` and `unavailable`: when to try again, seconds ≥ 0. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

const RETRYABLE: ReadonlySet<ProblemKind> = new Set(['rate-limited', 'timeout', 'unavailable']);

/** An expected refusal with a stable code; its wire form is RFC 9457 problem+json, made in `libs/http`. */
export class ProblemError extends Error {
  readonly kind: ProblemKind;
  readonly code: string;
  readonly errors: readonly ProblemDetail[];
  readonly retryAfterSeconds: number | undefined;

  constructor(options: ProblemOptions) {
    super(options.detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProblemError';
    this.kind = options.kind;
    this.code = options.code;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** Whether the same request may succeed later without a change. */
  get retryable(): boolean {
    return RETRYABLE.has(this.kind);
  }

  /** Only `internal` needs a person. */
  get logLevel(): 'info' | 'warn' | 'error' {
    if (this.kind === 'internal') return 'error';
    return this.kind === 'unavailable' || this.kind === 'timeout' ? 'warn' : 'info';
  }
}

/** Makes the constructors of one service's closed list of codes: `const problem = problems('registry'); throw problem('not-found', 'model_not_found', '…')`. */
export function problems(
  service: string,
): (
  kind: ProblemKind,
  code: string,
  detail: string,
  more?: Pick<ProblemOptions, 'errors' | 'cause' | 'retryAfterSeconds'>,
) => ProblemError {
  return (kind, code, detail, more = {}) => new ProblemError({ kind, code: `${service}.${code}`, detail, ...more });
}
