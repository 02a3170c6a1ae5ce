import type { RouteDefinition } from '@myriad/contracts';
import { PLATFORM_TENANT, ProblemError, type RequestContext } from '@myriad/kernel';
import { currentTraceparent } from '@myriad/telemetry';
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
  const caller = await verifier.verify(tokenOf(request));
  request.myriad.caller = caller;
  request.myriad.context = contextOf(request, caller);
  if (request.myriad.logFields !== undefined) request.myriad.logFields.tenantId = caller.tenantId;
  request.myriad.span?.set({ 'myriad.tenant_id': caller.tenantId });
  refuseOutOfScope(route, caller);
}

function tokenOf(request: FastifyRequest): string {
  const token = bearerToken(request.headers.authorization);
  if (token !== undefined) return token;
  throw new ProblemError({
    kind: 'unauthenticated',
    code: 'http.token_missing',
    detail:
      "the header 'Authorization: Bearer <internal token>' is missing; come through the gateway with a key or token",
    errors: [{ pointer: '#header/authorization', detail: 'sent nothing of use; allowed is Bearer and a token' }],
  });
}

function contextOf(request: FastifyRequest, caller: Caller): RequestContext {
  const traceparent = currentTraceparent() ?? traceparentOf(request);
  return {
    tenantId: caller.tenantId,
    principal: caller.principal,
    requestId: request.id,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

function refuseOutOfScope(route: RouteDefinition, { tenantId, principal, claims }: Caller): void {
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
