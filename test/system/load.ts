import { inferBody, machineRows } from './tables.js';
import type { Client } from './client.js';
import { MODEL, predict } from './model-way.js';

/** What became of requests that were sent all the time. */
export interface Sent {
  readonly count: number;
  /** What was no good answer, each with its time since the start in milliseconds. */
  readonly failures: readonly { readonly atMs: number; readonly what: string }[];
  /** The longest an answer took, milliseconds. */
  readonly slowestMs: number;
}

export interface SendOptions {
  readonly signal: AbortSignal;
  /** Between an answer and the next request, milliseconds. */
  readonly pauseMs: number;
}

/** Sends one after the other until the signal; whatever throws is a failure. */
export async function sendUntil(
  { signal, pauseMs }: SendOptions,
  send: (count: number) => Promise<unknown>,
): Promise<Sent> {
  const failures: { atMs: number; what: string }[] = [];
  const startMs = performance.now();
  let [count, slowestMs] = [0, 0];
  while (!signal.aborted) {
    const fromMs = performance.now();
    await send(count).catch((error: unknown) => failures.push({ atMs: fromMs - startMs, what: toldBy(error) }));
    slowestMs = Math.max(slowestMs, performance.now() - fromMs);
    count++;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return { count, failures, slowestMs };
}

/** One row to the tenant's live model. @throws what was no 200. */
export async function predictOne(client: Client): Promise<void> {
  const { status, text } = await client.send({
    method: 'POST',
    path: `/v2/models/${MODEL}/infer`,
    headers: { 'content-type': 'application/json' },
    body: ROW,
  });
  if (status !== 200) throw new Error(`${status} ${text.slice(0, 300)}`);
}

/**
 * Predicts for one tenant after the other. Their models were trained on other rows each and answer otherwise: so each answer tells whose it is.
 * @returns what sends the next one. @throws what was no 200, or is not what the tenant's model answered at first
 */
export async function comparingPredictor(clients: readonly Client[]): Promise<(count: number) => Promise<void>> {
  const rows = machineRows(3, 9);
  const answerOf = async (client: Client): Promise<string> => JSON.stringify(await predict(client, rows));
  const first = await Promise.all(clients.map((client) => answerOf(client.patient())));
  if (new Set(first).size < clients.length) throw new Error('models of two tenants give the same answer');
  return async (count) => {
    const at = count % clients.length;
    const [client, expected] = [clients[at], first[at]];
    if (client === undefined) return;
    const answer = await answerOf(client);
    if (answer !== expected) throw new Error(`a wrong answer: ${answer}, not ${expected}`);
  };
}

const ROW = inferBody(machineRows(1, 9));

function toldBy(error: unknown): string {
  // by its message, not its class: what fetch throws comes from outside of Jest's realm
  const { message, cause } = error as Error;
  return cause === undefined ? message : `${message}: ${toldBy(cause)}`;
}
