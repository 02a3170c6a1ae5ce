import { datasetVersionCommittedV1 } from '@myriad/contracts';
import { LogOrder } from './log-order.js';
import type { Fault, FaultScene } from './fault.js';
import type { TrafficReport } from './traffic.js';

const MESH = ['mesh'] as const;
const ALL_ANSWERED = { modes: MESH, predictions: 'all answered', writes: 'all answered' } as const;

/** Events that wait in the outbox of the registry. */
async function waiting({ mesh }: FaultScene): Promise<number> {
  const [row] = await mesh.query('registry', 'select count(*)::int as events from outbox');
  return Number(row?.['events']);
}

/** What was committed while the log was away has reached it, in order. */
async function inOrder({ mesh }: FaultScene, { committed, dataset }: TrafficReport): Promise<void> {
  const versions = await LogOrder.ofKey(mesh, datasetVersionCommittedV1, ({ datasetName }) => datasetName === dataset);
  const told = versions.map(({ version }) => version);
  const expected = Array.from({ length: committed }, (_none, at) => at + 1);
  // a lost answer may have an event appended again; the first of each is in order
  const first = told.filter((version, at) => told.indexOf(version) === at);
  if (JSON.stringify(first) !== JSON.stringify(expected))
    throw new Error(`${committed} versions of ${dataset} were committed, the log tells ${told.join(', ')}`);
}

export const LOG_FAULTS: readonly Fault[] = [
  {
    name: 'kafka-killed',
    promise: 'The broker is killed and comes back: everything goes on, events wait in the outbox and follow in order.',
    ...ALL_ANSWERED,
    inCi: true,
    strike: async ({ mesh }: FaultScene): Promise<void> => mesh.backAgain('kafka', await mesh.kill('kafka')),
    afterwards: inOrder,
  },
  {
    name: 'kafka-away',
    promise: 'No broker is there for a minute: nothing is refused, the outbox fills, and drains in order per key.',
    ...ALL_ANSWERED,
    inCi: true,
    strike: async (scene: FaultScene): Promise<void> => {
      const { between, isFull, pause } = scene;
      between.kafka?.set({ way: 'refuse' });
      await pause(isFull ? 60_000 : 8_000);
      const events = await waiting(scene);
      between.kafka?.clear();
      if (events === 0) throw new Error('the outbox did not fill: the log was not away');
    },
    afterwards: inOrder,
  },
  {
    name: 'kafka-unreachable',
    promise: 'Packets to the broker vanish: nothing is refused, and what waits follows when they arrive again.',
    ...ALL_ANSWERED,
    inCi: false,
    strike: async ({ between, isFull, pause }: FaultScene): Promise<void> => {
      between.kafka?.set({ way: 'hole' });
      await pause(isFull ? 30_000 : 8_000);
      between.kafka?.clear();
    },
    afterwards: inOrder,
  },
  {
    name: 'kafka-slow',
    promise: 'Each answer of the broker takes 200 ms more: everything goes on.',
    ...ALL_ANSWERED,
    inCi: false,
    strike: async ({ between, pause }: FaultScene): Promise<void> => {
      between.kafka?.set({ way: 'pass', latencyMs: 100 });
      await pause(15_000);
      between.kafka?.clear();
    },
    afterwards: inOrder,
  },
];
