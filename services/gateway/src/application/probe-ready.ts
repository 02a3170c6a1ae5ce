import type { Upstreams } from './ports.js';
import type { Probe } from './service-watch.js';

const TIMEOUT_MS = 2_000;
const MOST_CHARACTERS = 16_384;

/** Asks `/readyz` over the connections that requests take. */
export function probeReady(upstreams: Upstreams): Probe {
  return (origin) =>
    new Promise((resolve) => {
      let status = 0;
      let text = '';
      upstreams.send(
        {
          origin: () => origin,
          method: 'GET',
          path: '/readyz',
          headers: [],
          body: undefined,
          deadlineMs: undefined,
          isRepeatable: false,
          headTimeoutMs: TIMEOUT_MS,
          pauseTimeoutMs: TIMEOUT_MS,
        },
        {
          onHead: (answered) => {
            status = answered;
          },
          onData: (chunk) => {
            if (text.length < MOST_CHARACTERS) text += chunk.toString('utf8');
            return true;
          },
          onEnd: () => {
            resolve(status === 200 ? '' : reasonOf(status, text));
          },
          onFailure: (failure, cause) => {
            resolve(`${failure}: ${cause.message}`);
          },
        },
      );
    });
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
