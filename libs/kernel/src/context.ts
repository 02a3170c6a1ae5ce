import { PLATFORM_TENANT, type PrincipalId, type TenantId } from './ids.js';
import type { Once } from './once.js';

/** Who acts: a user, a service account, or the platform itself (event handlers, reconcilers). */
export interface Principal {
  readonly id: PrincipalId;
  readonly kind: 'user' | 'service-account' | 'system';
  /** The tenant the principal belongs to; it may act on others where a role binding says so. */
  readonly homeTenantId: TenantId;
  /** What it may do in the acting tenant and environment, e.g. `datasets:write`. */
  readonly permissions: ReadonlySet<string>;
}

/** First argument of every use case and store method. */
export interface RequestContext {
  /** The tenant acted on; every row read or written belongs to it. */
  readonly tenantId: TenantId;
  readonly principal: Principal;
  readonly requestId: string;
  /** W3C trace context, if the caller sent one. */
  readonly traceparent?: string;
  /** Unix milliseconds after which the answer is of no use. */
  readonly deadlineMs?: number;
  /** What requests have in common that are to be answered alike while two versions of a model answer. */
  readonly stickyKey?: string;
  /** Set for a request that carries a key of its own by which it is known when it comes again. */
  readonly once?: Once;
  /** The event being handled, when this work follows one. */
  readonly causationId?: string;
}

/** A context for work that no request asked for: an event handler, a reconciler. */
export function systemContext(
  service: string,
  tenantId: TenantId = PLATFORM_TENANT,
  more: Partial<Pick<RequestContext, 'requestId' | 'traceparent' | 'causationId'>> = {},
): RequestContext {
  return {
    tenantId,
    principal: {
      id: `sys_${service}` as PrincipalId,
      kind: 'system',
      homeTenantId: PLATFORM_TENANT,
      permissions: new Set(),
    },
    requestId: more.requestId ?? more.causationId ?? 'system',
    ...more,
  };
}
