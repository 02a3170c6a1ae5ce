/** The closed list of refusals that every service shares; `http.<what>`. A service's own codes stand in its routes' `problems`. */
export const HTTP_PROBLEM_CODES = [
  'http.validation_failed',
  'http.malformed_json',
  'http.json_too_deep',
  'http.unsafe_member',
  'http.body_too_large',
  'http.slow_request',
  'http.unsupported_media_type',
  'http.route_not_found',
  'http.malformed_request',
  'http.token_missing',
  'http.token_invalid',
  'http.permission_missing',
  'http.platform_scope_required',
  'http.url_refused',
  'http.idempotency_key_invalid',
  'http.idempotency_key_reused',
  'http.idempotency_in_progress',
  'http.idempotency_answer_withheld',
  'http.internal',
] as const;
export type HttpProblemCode = (typeof HTTP_PROBLEM_CODES)[number];
