export { AdminDoor, openAdminDoor, type AdminDoorOptions } from './admin-door.js';
export { bearerToken } from './bearer-token.js';
export { closeDoors, type Doors } from './close-doors.js';
export { HTTP_PROBLEM_CODES, type HttpProblemCode } from './codes.js';
export { configureHttpApp, createHttpAdapter, createHttpApp } from './create-http-app.js';
export { directDoorOf, type DirectDoor } from './direct/direct-door.js';
export { type DirectCall } from './direct/direct-routes.js';
export { EventStream, eventStream, type EventStreamOptions, type ServerSentEvent } from './event-stream.js';
export { Handle, type Handled } from './handle.decorator.js';
export { runChecks, type CheckResult } from './health.js';
export { type IdempotencyClaim, type IdempotencyPort } from './idempotency.port.js';
export {
  INTERNAL_AUDIENCE,
  INTERNAL_ISSUER,
  INTERNAL_TOKEN_MAX_SECONDS,
  internalClaimsSchema,
  type InternalClaims,
} from './internal-claims.js';
export {
  InternalTokenVerifier,
  verifierFromFile,
  type Caller,
  type TokenVerifier,
  type VerifierOptions,
} from './internal-token-verifier.js';
export {
  generateInternalKeys,
  internalSigner,
  mintInternalToken,
  type InternalSigner,
  type MintOptions,
} from './internal-token.js';
export { JwksFile, staticKeys, type KeySource } from './jwks-file.js';
export { MAX_JSON_DEPTH, parseJsonBody } from './json-body.js';
export {
  DEFAULT_LIMITS,
  type HttpAppOptions,
  type HttpLimits,
  type HttpLogger,
  type ReadinessCheck,
} from './options.js';
export {
  CallerEnvironment,
  CallerKeyId,
  Ctx,
  LastEventId,
  RawRequest,
  RouteBody,
  RouteParams,
  RouteQuery,
  StreamedBody,
  type IncomingBody,
} from './param.decorators.js';
export { isMlflowUrl } from './mlflow/mlflow-problem.js';
export { problemOf, spokenFor, statusOf } from './problem-of.js';
export { ProblemFilter } from './problem.filter.js';
export { ProtocolError } from './protocol-error.js';
export { requestIdOf } from './http-adapter.js';
export { traceparentOf } from './request-telemetry.js';
export { KEEP_ALIVE_GRACE_MS, KEEP_ALIVE_MS, ServerDrain, type DrainLimits } from './server-drain.js';
export { isNamed } from './tls/guard-tls.js';
export { openTls, type Tls, type TlsConfig } from './tls/open-tls.js';
export { TlsFiles, type TlsFilesOptions, type TlsMaterial } from './tls/tls-files.js';
export { validationProblem } from './validate.js';
export { Networks, isPublicAddress } from './public-address.js';
export {
  assertPublicUrl,
  safeFetch,
  type CheckedUrl,
  type PublicUrlOptions,
  type ResolveName,
  type SafeFetchOptions,
} from './safe-fetch.js';
