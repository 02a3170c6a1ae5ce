// audit-exceptions.json: advisories that are known, with why they don't hurt and until when that is believed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const MAX_DAYS = 180;
const DAY_MS = 86_400_000;

export function readExceptions() {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'audit-exceptions.json'), 'utf8'));
}

/** Each names an advisory, says why in a sentence, and ends within half a year. */
export function faultsOfExceptions(exceptions, nowMs = Date.now()) {
  return exceptions.flatMap((one) => {
    const who = `audit-exceptions.json: ${one.advisory ?? 'one without an advisory'}`;
    const untilMs = Date.parse(one.until);
    if (!/^GHSA(-[0-9a-z]{4}){3}$/.test(one.advisory ?? '')) return [`${who} is no GHSA id`];
    if (typeof one.package !== 'string' || one.package === '') return [`${who} names no package`];
    if (typeof one.reason !== 'string' || one.reason.length < 20) return [`${who} gives no reason`];
    if (Number.isNaN(untilMs)) return [`${who} has no end (until)`];
    if (untilMs < nowMs) return [`${who} ended on ${one.until}`];
    if (untilMs > nowMs + MAX_DAYS * DAY_MS) return [`${who} ends later than in ${MAX_DAYS} days`];
    return [];
  });
}
