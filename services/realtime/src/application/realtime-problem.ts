import { problems, type ProblemError } from '@myriad/kernel';

/**
 * Refusals of this service: `realtime.model_not_found`, `model_unavailable`, `deadline_exceeded`, `tenant_busy`, `overloaded`, `client_gone`, `runtime_lost`, `unsupported`, `not_ready`,
 * `permission_missing`.
 */
export const realtimeProblem = problems('realtime');

export function deadlineExceeded(): ProblemError {
  const detail = 'the time that X-Request-Timeout-Ms or X-Myriad-Timeout-Ms allows has passed';
  return realtimeProblem('timeout', 'deadline_exceeded', detail);
}

export function clientGone(): ProblemError {
  return realtimeProblem('timeout', 'client_gone', 'the client left before its turn came');
}

export function tenantBusy(tenantId: string, waiting: number): ProblemError {
  const detail = `tenant '${tenantId}' has ${waiting} requests waiting here, as many as a tenant may; send fewer at the same time`;
  return realtimeProblem('rate-limited', 'tenant_busy', detail, { retryAfterSeconds: 1 });
}

export function overloaded(maxWaitMs: number): ProblemError {
  const detail = `what waits here takes more than ${maxWaitMs} ms; try again in a moment`;
  return realtimeProblem('unavailable', 'overloaded', detail, { retryAfterSeconds: 1 });
}

/** What ran the model is gone, and nothing is known of what it was asked. */
export function runtimeLost(cause: unknown): ProblemError {
  const detail = 'what ran the model ended while the request was with it; it starts anew, try again';
  return realtimeProblem('unavailable', 'runtime_lost', detail, { retryAfterSeconds: 1, cause });
}
