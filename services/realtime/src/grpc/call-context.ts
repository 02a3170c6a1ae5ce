import type { ServerUnaryCall } from '@grpc/grpc-js';
import { bearerToken, requestIdOf, type Caller, type TokenVerifier } from '@myriad/http';
import { ProblemError, type RequestContext } from '@myriad/kernel';

/** What every kind of call says of itself. */
export type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getDeadline'>;

export function requestIdOfCall({ metadata }: AnyCall): string {
  return requestIdOf({ headers: { 'x-request-id': metadata.get('x-request-id')[0]?.toString() } });
}

/**
 * Who calls, by the internal token in the metadata, and until when the answer is of use (`grpc-timeout`).
 * @throws {ProblemError} `unauthenticated`, `http.token_missing` or `http.token_invalid`.
 */
export async function contextOfCall(
  call: AnyCall,
  verifier: TokenVerifier,
  requestId: string,
): Promise<RequestContext> {
  const { tenantId, principal } = await callerOf(call, verifier);
  const deadline = call.getDeadline();
  const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
  const stickyKey = call.metadata.get('x-canary-key')[0]?.toString();
  const sticky = stickyKey === undefined ? {} : { stickyKey };
  return { tenantId, principal, requestId, ...sticky, ...(Number.isFinite(deadlineMs) ? { deadlineMs } : {}) };
}

function callerOf({ metadata }: AnyCall, verifier: TokenVerifier): Promise<Caller> {
  const token = bearerToken(metadata.get('authorization')[0]?.toString());
  if (token !== undefined) return verifier.verify(token);
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
