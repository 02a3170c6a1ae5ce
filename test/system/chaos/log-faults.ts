import { datasetVersionCommittedV1 } from '@myriad/contracts';
import type { Between } from './chaos-mesh.js';
import type { ChaosProxy } from './chaos-proxy.js';
import { LogOrder } from './log-order.js';
import type { Fault, FaultScene } from './fault.js';
import type { TrafficReport } from './traffic.js';
import { spellOf } from './weather.js';

const MESH = ['mesh'] as const;
const ALL_ANSWERED = { modes: MESH, predictions: 'all answered', writes: 'all answered' } as const;

const kafka = ({ kafka: place }: Between): ChaosProxy | undefined => place;

/** @throws when no event waits in the outbox of the registry. */
async function eventsWait({ mesh }: FaultScene): Promise<void> {
  const [row] = await mesh.query('registry', 'select count(*)::int as events from outbox');
  if (Number(row?.['events']) === 0) throw new Error('the outbox did not fill: the log was not away');
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
    strike: spellOf({ at: kafka, weather: { way: 'refuse' }, full: 60_000, short: 8_000, meanwhile: eventsWait }),
    afterwards: inOrder,
  },
  {
    name: 'kafka-unreachable',
    promise: 'Packets to the broker vanish: nothing is refused, and what waits follows when they arrive again.',
    ...ALL_ANSWERED,
    inCi: false,
    strike: spellOf({ at: kafka, weather: { way: 'hole' }, full: 30_000, short: 8_000 }),
    afterwards: inOrder,
  },
  {
    name: 'kafka-slow',
    promise: 'Each answer of the broker takes 200 ms more: everything goes on.',
    ...ALL_ANSWERED,
    inCi: false,
    strike: spellOf({ at: kafka, weather: { way: 'pass', latencyMs: 100 }, full: 15_000, short: 15_000 }),
    afterwards: inOrder,
  },
];
