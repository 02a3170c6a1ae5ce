import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
}
type Schedule = (this: RequestQueue) => void;

let isQuiet = false;

/**
 * kafkajs 2.2.4 re-arms a 1 ms timer on every connection for ever, which costs 44 ms of CPU a second when idle. Here it is armed only when
 * something waits to be sent or the broker throttles; every push and every answer checks the queue anyway.
 */
export function quietRequestQueue(): void {
  if (isQuiet) return;
  isQuiet = true;
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/network/requestQueue') as {
    prototype: { scheduleCheckPendingRequests?: Schedule };
  };
  const schedule = prototype.scheduleCheckPendingRequests;
  if (!schedule) return;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
