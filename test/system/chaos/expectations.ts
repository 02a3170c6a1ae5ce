import type { Sent } from '../load.js';
import type { Expectation, Fault } from './fault.js';
import { type TrafficReport, kindsOf } from './traffic.js';

/** What a failure may say, by what was expected. */
const ALLOWED: Readonly<Record<Expectation, RegExp>> = {
  'all answered': /^$/,
  'refused for the moment': /\b(?:408|429|503|504) |: (?:408|429|503|504) |^(?:408|429|503|504)\b/,
  refused: /^(?:5\d\d|4(?:08|22|29))\b|: 5\d\d /,
  'may break off': /^50[234]\b|: 50[234] |broke off|http\.idempotency/,
};

/** Failures beyond what the fault excuses, by kind. */
export function unexpected(fault: Fault, report: TrafficReport): readonly string[] {
  const of = (what: string, sent: Sent, expectation: Expectation): readonly string[] => {
    const failures = sent.failures.filter(({ what: told }) => !ALLOWED[expectation].test(told));
    return kindsOf({ ...sent, failures }).map((kind) => `${what}: ${kind}`);
  };
  return [
    ...of('predictions', report.predictions, fault.predictions),
    ...of('writes', report.writes, fault.writes),
    ...of('reads', report.reads, fault.reads ?? fault.writes),
  ];
}
