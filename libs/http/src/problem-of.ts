import { STATUS_CODES } from 'node:http';
import type { Problem } from '@myriad/contracts';
import { ProblemError, type ProblemDetail, type ProblemKind } from '@myriad/kernel';
import type { HttpProblemCode } from './codes.js';
import { isMlflowUrl, mlflowProblem } from './mlflow/mlflow-problem.js';
import { ProtocolError } from './protocol-error.js';

const STATUS_OF: Readonly<Record<ProblemKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  gone: 410,
  'too-large': 413,
  unprocessable: 422,
  'rate-limited': 429,
  internal: 500,
  unsupported: 501,
  unavailable: 503,
  timeout: 504,
};

/** The HTTP status of a kind of refusal. */
export function statusOf(kind: ProblemKind): number {
  return STATUS_OF[kind];
}

const NO_DETAIL = 'The service failed; the request id names the entry in its log.';

/**
 * The wire form (RFC 9457) of whatever was thrown. Only what a {@link ProblemError} or the protocol says is told; of any other error
 * the caller learns nothing but the request id.
 */
export function problemOf(error: unknown, requestId: string): Problem {
  if (error instanceof ProblemError) {
    const detail = error.kind === 'internal' ? NO_DETAIL : error.message;
    return makeProblem({ status: statusOf(error.kind), code: error.code, detail, errors: error.errors, requestId });
  }
  const protocol = protocolErrorOf(error);
  if (protocol) {
    const { statusCode: status, code, message: detail, errors } = protocol;
    return makeProblem({ status, code, detail, errors, requestId });
  }
  return makeProblem({ status: 500, code: 'http.internal', detail: NO_DETAIL, errors: [], requestId });
}

/** What is answered to a request that failed, in whatever way it came in. */
export interface Refusal {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it is to be logged as a fault of ours. */
  readonly isFault: boolean;
}

export function refusalOf(
  error: unknown,
  { id, url }: { readonly id: string; readonly url?: string | undefined },
): Refusal {
  const problem = spokenFor(url, problemOf(error, id));
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (error instanceof ProblemError && error.retryAfterSeconds !== undefined)
    headers['retry-after'] = String(Math.ceil(error.retryAfterSeconds));
  // the rest of what is late may come at any time and would be taken for the next request
  if (problem.status === 408) headers['connection'] = 'close';
  if (problem.status === 401) headers['www-authenticate'] = 'Bearer';
  return { problem, headers, isFault: problem.status >= 500 && !(error instanceof ProblemError && error.retryable) };
}

/** Clients of other APIs look for the words of a refusal elsewhere: those of the Open Inference Protocol under `error`, MLflow's under `message`. */
export function spokenFor(url: string | undefined, problem: Problem): Problem {
  if (url?.startsWith('/v2') === true) return { ...problem, error: problem.detail } as Problem;
  return url !== undefined && isMlflowUrl(url) ? mlflowProblem(problem) : problem;
}

interface ProblemParts {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly ProblemDetail[];
  readonly requestId: string;
}

function makeProblem({ status, code, detail, errors, requestId }: ProblemParts): Problem {
  return {
    type: `urn:myriad:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    code,
    requestId,
    ...(errors.length > 0 ? { errors: errors.map(({ pointer, detail: text }) => ({ pointer, detail: text })) } : {}),
  };
}

/** Codes of Fastify's and the adapter's own refusals; their texts name no internals. */
const FRAMEWORK_CODES: Readonly<Record<number, HttpProblemCode>> = {
  404: 'http.route_not_found',
  408: 'http.slow_request',
  413: 'http.body_too_large',
  415: 'http.unsupported_media_type',
};

function protocolErrorOf(error: unknown): ProtocolError | undefined {
  if (error instanceof ProtocolError) return error;
  const status = frameworkStatus(error);
  if (status === undefined || status < 400 || status > 499) return undefined;
  return new ProtocolError(
    status,
    FRAMEWORK_CODES[status] ?? 'http.malformed_request',
    error instanceof Error ? error.message : 'the request is refused',
  );
}

/** The status of an error of Fastify (`statusCode`, code `FST_…`) or Nest (`getStatus()`); others are not to be trusted. */
function frameworkStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('getStatus' in error && typeof error.getStatus === 'function') {
    const status: unknown = (error as { getStatus: () => unknown }).getStatus();
    return typeof status === 'number' ? status : undefined;
  }
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  return typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number' ? statusCode : undefined;
}
