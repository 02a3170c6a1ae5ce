import { problems, type ProblemError } from '@myriad/kernel';

/**
 * Refusals of this service: `realtime.model_not_found`, `model_unavailable`, `deadline_exceeded`, `tenant_busy`, `overloaded`, `client_gone`, `unsupported`, `not_ready`,
 * `permission_missing`.
 */
export const realtimeProblem = problems('realtime');

export function deadlineExceeded(): ProblemError {
  const detail = 'the time that X-Request-Timeout-Ms or X-Myriad-Timeout-Ms allows has passed';
  return realtimeProblem('timeout', 'deadline_exceeded', detail);
}
