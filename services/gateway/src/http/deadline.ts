import { TIMEOUT_HEADER } from '../application/ports.js';
import type { Arrival } from '../entrance/arrival.js';

/** Both say for how long, from when the request came, its answer is of use, milliseconds; the shorter one holds. */
const TIMEOUT_HEADERS = ['x-request-timeout-ms', TIMEOUT_HEADER] as const;
const MILLISECONDS = /^\d{1,9}$/;

/** Until when the answer is of use, on the clock of `performance.now()`; undefined: for ever. What is no whole number of milliseconds is no deadline. */
export function deadlineOf(arrival: Arrival): number | undefined {
  let timeoutMs = Infinity;
  for (const name of TIMEOUT_HEADERS) {
    const value = arrival.header(name);
    if (value !== undefined && MILLISECONDS.test(value)) timeoutMs = Math.min(timeoutMs, Number(value));
  }
  return timeoutMs === Infinity ? undefined : arrival.startedMs + timeoutMs;
}
