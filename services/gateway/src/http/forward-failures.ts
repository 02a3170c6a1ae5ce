import { gatewayProblem } from '../domain/gateway-problem.js';
import type { RouteTarget } from '../entrance/route-targets.js';
import { deadlineOf } from './deadline.js';
import type { Exchange } from './exchange.js';
import { ProtocolRefusal } from './refusal.js';

/** Why a service gave no answer, as it is told to the client. */
export function failureProblem(
  failure: 'unreachable' | 'timeout' | 'broken',
  exchange: Exchange,
  { service, route }: RouteTarget,
): Error {
  if (failure === 'unreachable') {
    const detail = `the service '${service}' can't be reached; nothing was done, try again in a moment`;
    return gatewayProblem('unavailable', 'service_unavailable', detail, { retryAfterSeconds: 1 });
  }
  if (failure === 'timeout') {
    if (isPast(deadlineOf(exchange))) return deadlinePassed();
    const detail = `the service '${service}' did not answer ${route.operationId} in time`;
    return gatewayProblem('timeout', 'service_timeout', detail);
  }
  const detail = `the connection to the service '${service}' broke; it may have done what was asked`;
  return new ProtocolRefusal({ status: 502, code: 'gateway.service_broke_off', detail });
}

/** A timer may be a little early. */
export function isPast(deadlineMs: number | undefined): boolean {
  return deadlineMs !== undefined && performance.now() > deadlineMs - 2;
}

export function deadlinePassed(): Error {
  const detail =
    "the time that the request gave (X-Request-Timeout-Ms, X-Myriad-Timeout-Ms) passed; it isn't run any more";
  return gatewayProblem('timeout', 'deadline_exceeded', detail);
}
