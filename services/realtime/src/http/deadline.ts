import type { IncomingHttpHeaders } from 'node:http';
import { systemClock, type RequestContext } from '@myriad/kernel';

/** Both say for how long, from now, an answer is of use, milliseconds; relative, so that clocks need not agree. The shorter one holds. */
const TIMEOUT_HEADERS = ['x-request-timeout-ms', 'x-myriad-timeout-ms'] as const;

/** Keeps the requests that have it with one version while another one is tried. */
const STICKY_HEADER = 'x-canary-key';

/** The context with the deadline and the key that the headers set; what is no whole number of milliseconds is no deadline. */
export function withDeadline(ctx: RequestContext, headers: IncomingHttpHeaders): RequestContext {
  let timeoutMs = Infinity;
  for (const name of TIMEOUT_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string' && /^\d{1,9}$/.test(value)) timeoutMs = Math.min(timeoutMs, Number(value));
  }
  const stickyKey = headers[STICKY_HEADER];
  if (timeoutMs === Infinity && stickyKey === undefined) return ctx;
  return {
    ...ctx,
    ...(typeof stickyKey === 'string' && { stickyKey }),
    ...(timeoutMs !== Infinity && { deadlineMs: systemClock.nowMs() + timeoutMs }),
  };
}
