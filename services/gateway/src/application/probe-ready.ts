import { collectAnswer } from './collect-answer.js';
import type { Upstreams } from './ports.js';
import type { Probe } from './service-watch.js';

const TIMEOUT_MS = 2_000;
const MOST_BYTES = 16_384;

/** Asks `/readyz` over the connections that requests take. */
export function probeReady(upstreams: Upstreams): Probe {
  return async (origin) => {
    const request = {
      origin: () => origin,
      method: 'GET',
      path: '/readyz',
      headers: [],
      body: undefined,
      deadlineMs: undefined,
      isRepeatable: false,
      headTimeoutMs: TIMEOUT_MS,
      pauseTimeoutMs: TIMEOUT_MS,
    };
    try {
      const { status, body } = await collectAnswer(upstreams, request, MOST_BYTES);
      return status === 200 ? '' : reasonOf(status, body.toString('utf8'));
    } catch (error) {
      return (error as Error).message;
    }
  };
}

/** Which checks do not hold, in the service's own words. */
function reasonOf(status: number, text: string): string {
  try {
    const { checks } = JSON.parse(text) as { checks?: Record<string, { ok: boolean; reason?: string }> };
    const failed = Object.entries(checks ?? {}).filter(([, check]) => !check.ok);
    if (failed.length > 0) return failed.map(([name, { reason = '' }]) => `${name}: ${reason}`).join('; ');
  } catch {
    // what it says is no JSON: its status must do
  }
  return `it answers ${status}`;
}
