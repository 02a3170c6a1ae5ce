import { ProblemError, problems } from '@myriad/kernel';

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

export function shuttingDown(): ProblemError {
  return realtimeProblem('unavailable', 'not_ready', 'this replica is shutting down', { retryAfterSeconds: 1 });
}

export function tenantBusy(tenantId: string, waiting: number): ProblemError {
  const detail = `tenant '${tenantId}' has ${waiting} requests waiting here, as many as a tenant may; send fewer at the same time`;
  return cheap(() => realtimeProblem('rate-limited', 'tenant_busy', detail, { retryAfterSeconds: 1 }));
}

export function overloaded(maxWaitMs: number): ProblemError {
  const detail = `what waits here takes more than ${maxWaitMs} ms; try again in a moment`;
  return cheap(() => realtimeProblem('unavailable', 'overloaded', detail, { retryAfterSeconds: 1 }));
}

/** Whether a request was refused because too much waits. */
export function isOverload(error: unknown): boolean {
  return (
    error instanceof ProblemError && (error.code === 'realtime.tenant_busy' || error.code === 'realtime.overloaded')
  );
}

/** Without a stack, which costs most of an error, and says nothing where thousands a second are made on purpose. */
function cheap(make: () => ProblemError): ProblemError {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** What ran the model is gone, and nothing is known of what it was asked. */
export function runtimeLost(cause: unknown): ProblemError {
  const detail = 'what ran the model ended while the request was with it; it starts anew, try again';
  return realtimeProblem('unavailable', 'runtime_lost', detail, { retryAfterSeconds: 1, cause });
}
