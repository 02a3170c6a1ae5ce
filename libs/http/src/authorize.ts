import type { RouteDefinition } from '@myriad/contracts';
import { PLATFORM_TENANT, ProblemError, type RequestContext } from '@myriad/kernel';
import { currentTraceparent } from '@myriad/telemetry';
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { bearerToken } from './bearer-token.js';
import type { Caller, TokenVerifier } from './internal-token-verifier.js';
import { traceparentOf } from './request-telemetry.js';

/**
 * Lets a request pass to its route or refuses it, before any byte of its body is read: a valid internal token, the route's permission,
 * the platform tenant where the route belongs to it. @throws {ProblemError} `unauthenticated` or `forbidden`
 */
export async function authorize(
  request: FastifyRequest,
  route: RouteDefinition,
  verifier: TokenVerifier,
): Promise<void> {
  request.myriad.route = route;
  if (route.permission === 'public') return;
  const caller = await callerOf(request, verifier);
  request.myriad.caller = caller;
  request.myriad.context = contextOf(caller, request.id, currentTraceparent() ?? traceparentOf(request));
  if (request.myriad.logFields !== undefined) request.myriad.logFields.tenantId = caller.tenantId;
  request.myriad.span?.set({ 'myriad.tenant_id': caller.tenantId });
  refuseOutOfScope(route, caller);
}

/** Whose token a request carries; at once when it was verified before. @throws {ProblemError} `unauthenticated` */
export function callerOf(
  { headers }: Pick<IncomingMessage, 'headers'>,
  verifier: TokenVerifier,
): Caller | Promise<Caller> {
  const token = bearerToken(headers.authorization);
  if (token !== undefined) return verifier.known(token) ?? verifier.verify(token);
  throw new ProblemError({
    kind: 'unauthenticated',
    code: 'http.token_missing',
    detail:
      "the header 'Authorization: Bearer <internal token>' is missing; come through the gateway with a key or token",
    errors: [{ pointer: '#header/authorization', detail: 'sent nothing of use; allowed is Bearer and a token' }],
  });
}

export function contextOf(caller: Caller, requestId: string, traceparent: string | undefined): RequestContext {
  const { tenantId, principal } = caller;
  return traceparent === undefined
    ? { tenantId, principal, requestId }
    : { tenantId, principal, requestId, traceparent };
}

/** @throws {ProblemError} `forbidden` for a caller that may not call the route */
export function refuseOutOfScope(route: RouteDefinition, { tenantId, principal, claims }: Caller): void {
  if (route.scope === 'platform' && tenantId !== PLATFORM_TENANT) {
    throw new ProblemError({
      kind: 'forbidden',
      code: 'http.platform_scope_required',
      detail: `${route.operationId} belongs to the tenant '${PLATFORM_TENANT}'; the acting tenant is '${tenantId}'`,
    });
  }
  if (route.permission === 'none' || principal.permissions.has(route.permission)) return;
  throw new ProblemError({
    kind: 'forbidden',
    code: 'http.permission_missing',
    detail: `${route.operationId} needs the permission '${route.permission}' in tenant '${tenantId}' and environment '${claims.env}', which '${principal.id}' has not`,
  });
}
