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

/** What a process is given from SIGTERM to SIGKILL is 30 s. */
const GRACE_MS = 28_000;

/** Ends one of each service that has several, while nothing reaches the broker; says who did not go by itself in time. */
async function endSomeWithoutKafka({ mesh, between, pause }: FaultScene): Promise<void> {
  const all = await mesh.processes();
  const isOneOfSeveral = (name: string): boolean =>
    name.endsWith('-1') && all.some((other) => other.name === name.replace(/-1$/, '-2'));
  const ended = all.flatMap(({ name, pid }) => (pid !== undefined && isOneOfSeveral(name) ? [{ name, pid }] : []));
  between.kafka?.set({ way: 'hole' });
  await pause(3_000); // appends, fetches and commits are under way
  for (const { pid } of ended) process.kill(pid, 'SIGTERM');
  const stays = await Promise.all(
    ended.map(async ({ name, pid }) => {
      const fromMs = performance.now();
      while (isAlive(pid) && performance.now() - fromMs < GRACE_MS) await pause(100);
      const tookMs = Math.round(performance.now() - fromMs);
      process.stderr.write(`${name} ended ${tookMs} ms after SIGTERM without Kafka\n`);
      return isAlive(pid) ? [name] : [];
    }),
  );
  between.kafka?.clear();
  for (const { name, pid } of ended) await mesh.backAgain(name, pid);
  if (ended.length < 3) throw new Error(`only ${ended.map(({ name }) => name).join(', ')} could be ended`);
  if (stays.flat().length > 0) throw new Error(`${stays.flat().join(', ')} did not end within ${GRACE_MS} ms`);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
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
    name: 'ended-without-kafka',
    promise:
      'A process of each service with several is ended while packets to the broker vanish: it goes within its grace.',
    ...ALL_ANSWERED,
    inCi: false,
    strike: endSomeWithoutKafka,
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
