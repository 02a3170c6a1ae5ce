import { problems } from '@myriad/kernel';

/** Refusals of this service: `realtime.model_not_found`, `model_unavailable`, `deadline_exceeded`, `binary_unsupported`, `not_ready`, `permission_missing`. */
export const realtimeProblem = problems('realtime');
