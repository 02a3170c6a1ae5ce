import { problems } from '@myriad/kernel';

/**
 * Constructor of this package's refusals. The closed list of codes:
 * `fenced` (conflict: the partition has moved to another member), `unknown_topic` (not-found), `record_too_large` (too-large),
 * `invalid_record`, `invalid_option`, `invalid_event` (invalid), `unknown_dead_letter` (not-found), `unavailable` (unavailable: the log can't be reached now),
 * `access_refused` (forbidden: wrong login, certificate or rights), `topic_refused` (conflict: the brokers can't have a topic as it is declared), `closed` (conflict: used after `close`).
 */
export const messagingProblem = problems('messaging');
