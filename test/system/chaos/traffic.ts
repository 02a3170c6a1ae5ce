import { authRoutes, registryRoutes } from '@myriad/contracts';
import type { Cast, Tenant } from '../cast.js';
import { problemOf } from '../client.js';
import { type Sent, comparingPredictor, sendUntil } from '../load.js';
import { csvOf, machineRows } from '../tables.js';

/** What became of requests of each kind during a fault. */
export interface TrafficReport {
  readonly predictions: Sent;
  readonly writes: Sent;
  readonly reads: Sent;
  /** Dataset versions that were said to be committed. */
  readonly committed: number;
  /** To which dataset. */
  readonly dataset: string;
}

/** Traffic from now on, until it is told to end. */
export interface Traffic {
  end(): Promise<TrafficReport>;
}

let datasets = 0;

/** Predictions of all tenants, each compared with what its model answered before; commits of small datasets and reads of one. Every refusal is taken as it comes. */
export async function startTraffic(cast: Cast, tenant: Tenant = cast.tenants[0]!): Promise<Traffic> {
  const client = tenant.program.client.impatient();
  const name = `traffic-${++datasets}`;
  await client.patient().call(registryRoutes.createDataset, { body: { name } });
  const predictNext = await comparingPredictor(cast.tenants.map(({ program }) => program.client.impatient()));
  const ending = new AbortController();
  const { signal } = ending;
  let committed = 0;
  const running = Promise.all([
    sendUntil({ signal, pauseMs: 25 }, predictNext),
    sendUntil({ signal, pauseMs: 60 }, async (count) => {
      const answer = await client.send({
        method: 'PUT',
        path: `/v1/datasets/${name}/content?format=csv`,
        headers: { 'content-type': 'text/csv' },
        body: csvOf(machineRows(12, 40_000 + datasets * 1_000 + count)),
      });
      if (answer.status !== 201) throw refusalOf(answer);
      committed++;
    }),
    sendUntil({ signal, pauseMs: 60 }, () => client.call(authRoutes.getMe)),
  ]);
  return {
    end: async () => {
      ending.abort();
      const [predictions, writes, reads] = await running;
      return { predictions, writes, reads, committed, dataset: name };
    },
  };
}

/** A refusal that is no problem+json is a fault of its own. */
function refusalOf(answer: Parameters<typeof problemOf>[0]): Error {
  const { status, code, detail } = problemOf(answer);
  return new Error(`${status} ${code} ${detail}`);
}

/** Failures by what they say, without what differs each time. */
export function kindsOf(sent: Sent): readonly string[] {
  const times = new Map<string, number>();
  for (const { what } of sent.failures) {
    const kind = what.replaceAll(/[0-9a-f]{16,}|"instance":"[^"]*"|\d+ ms/g, '…').slice(0, 200);
    times.set(kind, (times.get(kind) ?? 0) + 1);
  }
  return [...times].map(([kind, count]) => `${count} × ${kind}`);
}
