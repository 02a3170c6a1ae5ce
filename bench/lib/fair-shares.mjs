import { DeficitRoundRobin } from '@myriad/placement';
import { seeded } from './random.mjs';
import { quantile } from './statistics.mjs';

const QUIET = 20;
const SECONDS = 20;
/** Of the capacity of one server, what the quiet tenants ask for together, and the loud one alone. */
const QUIET_LOAD = 0.5;
const LOUD_LOAD = 10;
const QUANTUM_MICROS = 100;
const MOST_WAITING = 256;

const meanCost = 100;
const costOf = (random) => 20 + 160 * random();

/** Arrivals, microseconds, in order. */
function arrivals(withLoud) {
  const random = seeded(7);
  const all = [];
  const add = (tenantId, load) => {
    for (let at = 0; at < SECONDS * 1e6; at += (-Math.log(1 - random()) * meanCost) / load)
      all.push({ tenantId, at, cost: costOf(random) });
  };
  for (let tenant = 0; tenant < QUIET; tenant += 1) add(`quiet-${tenant}`, QUIET_LOAD / QUIET);
  if (withLoud) add('loud', LOUD_LOAD);
  return all.sort((a, b) => a.at - b.at);
}

/** One server that runs what comes by deficit round robin; a tenant's requests over its share of the queue are refused. */
function serve(requests) {
  const queue = new DeficitRoundRobin(QUANTUM_MICROS);
  const waits = [];
  const served = new Map();
  let now = 0;
  let next = 0;
  while (next < requests.length || queue.size > 0) {
    if (queue.size === 0) now = Math.max(now, requests[next].at);
    for (; next < requests.length && requests[next].at <= now; next += 1)
      if (queue.sizeOf(requests[next].tenantId) < MOST_WAITING) queue.push(requests[next]);
    const one = queue.pop();
    if (one === undefined) continue;
    if (one.tenantId !== 'loud') waits.push(now - one.at + one.cost);
    now += one.cost;
    served.set(one.tenantId, (served.get(one.tenantId) ?? 0) + one.cost);
  }
  return { waits, served: [...served].filter(([tenantId]) => tenantId !== 'loud').map(([, cost]) => cost) };
}

/** One tenant asks for ten times what there is: what the others notice. */
export function fairShares(figures) {
  const quiet = serve(arrivals(false));
  const loud = serve(arrivals(true));
  figures.add({
    name: "one tenant floods at 10 × capacity: others' p99 from arrival to answer (reference: quiet)",
    value: quantile(loud.waits, 0.99) / 1_000,
    unit: 'ms',
    reference: quantile(quiet.waits, 0.99) / 1_000,
    bar: { atMost: (2 * quantile(quiet.waits, 0.99)) / 1_000 },
  });
  const [sum, squares] = [loud.served.reduce((a, b) => a + b, 0), loud.served.reduce((a, b) => a + b * b, 0)];
  figures.add({
    name: 'Jain index among the others',
    value: sum ** 2 / (loud.served.length * squares),
    unit: '',
    bar: { atLeast: 0.95 },
  });
}
