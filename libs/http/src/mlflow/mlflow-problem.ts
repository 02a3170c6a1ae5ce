import type { Problem } from '@myriad/contracts';
import type { ProblemDetail } from '@myriad/kernel';

/** Every path of MLflow's REST API, whether it is served or not. */
const PATHS = /^\/(?:ajax-)?api\/[23]\.0\/mlflow(?:-artifacts)?\//;

/** Whether a request is for MLflow's API: its clients read refusals in MLflow's words. */
export function isMlflowUrl(url: string): boolean {
  return PATHS.test(url);
}

/** Names of `ErrorCode` in MLflow's databricks.proto, by the status of the refusal. */
const CODES: Readonly<Record<number, string>> = {
  400: 'INVALID_PARAMETER_VALUE',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'RESOURCE_DOES_NOT_EXIST',
  405: 'ENDPOINT_NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'RESOURCE_CONFLICT',
  410: 'RESOURCE_DOES_NOT_EXIST',
  413: 'INVALID_PARAMETER_VALUE',
  415: 'INVALID_PARAMETER_VALUE',
  422: 'INVALID_PARAMETER_VALUE',
  429: 'REQUEST_LIMIT_EXCEEDED',
  501: 'NOT_IMPLEMENTED',
  502: 'TEMPORARILY_UNAVAILABLE',
  503: 'TEMPORARILY_UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** The problem with the two members that MLflow's clients read besides (RFC 9457 lets a problem have more members). */
export function mlflowProblem(problem: Problem): Problem & { readonly error_code: string; readonly message: string } {
  return { ...problem, error_code: codeOf(problem), message: problem.detail };
}

function codeOf({ status, code }: Problem): string {
  if (code.endsWith('_exists')) return 'RESOURCE_ALREADY_EXISTS';
  if (code.endsWith('.route_not_found')) return 'ENDPOINT_NOT_FOUND';
  if (code.endsWith('.malformed_json')) return 'MALFORMED_REQUEST';
  return CODES[status] ?? 'INTERNAL_ERROR';
}

/** What a client of MLflow is told of a member that is missing or wrong. */
export function mlflowFault({ pointer, detail }: ProblemDetail): string {
  const name = pointer.replace(/^(?:#query|#path)?\//, '');
  if (/^sent (?:nothing|the string "");/.test(detail))
    return `Missing value for required parameter '${name}'. See the API docs for more information about request parameters.`;
  return `Invalid value for parameter '${name}' supplied: ${detail}. See the API docs for more information about request parameters.`;
}
