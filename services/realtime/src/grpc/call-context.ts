import { bearerToken, type Caller, type TokenVerifier } from '@myriad/http';
import type { GrpcCall } from '@myriad/http/grpc';
import { ProblemError, type RequestContext } from '@myriad/kernel';

/**
 * Who calls, by the internal token in the metadata, and until when the answer is of use (`grpc-timeout`); at once where the token was verified before.
 * @throws {ProblemError} `unauthenticated`, `http.token_missing` or `http.token_invalid`.
 */
export function contextOfCall(call: GrpcCall, verifier: TokenVerifier): RequestContext | Promise<RequestContext> {
  const caller = callerOf(call, verifier);
  return caller instanceof Promise ? caller.then((verified) => contextOf(call, verified)) : contextOf(call, caller);
}

function contextOf({ headers, deadlineMs, requestId }: GrpcCall, { tenantId, principal }: Caller): RequestContext {
  const stickyKey = headers['x-canary-key'];
  return {
    tenantId,
    principal,
    requestId,
    ...(typeof stickyKey === 'string' && { stickyKey }),
    ...(deadlineMs !== Infinity && { deadlineMs }),
  };
}

function callerOf({ headers }: Pick<GrpcCall, 'headers'>, verifier: TokenVerifier): Caller | Promise<Caller> {
  const token = bearerToken(headers.authorization);
  if (token !== undefined) return verifier.known(token) ?? verifier.verify(token);
  throw new ProblemError({
    kind: 'unauthenticated',
    code: 'http.token_missing',
    detail: "the metadata 'authorization: Bearer <internal token>' is missing",
  });
}

/** @throws {ProblemError} `forbidden`, `http.permission_missing`. */
export function assertPermission({ principal, tenantId }: RequestContext, permission: string): void {
  if (principal.permissions.has(permission)) return;
  throw new ProblemError({
    kind: 'forbidden',
    code: 'http.permission_missing',
    detail: `this needs the permission '${permission}' in tenant '${tenantId}', which '${principal.id}' has not`,
  });
}
