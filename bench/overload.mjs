// Tenants under overload, against a real `realtime` process from generators in others: what a tenant that floods with ten times what can be done does to the others, whether equals get the same,
// and how much is still done when three times as much is asked for. The peak is that of the same ten tenants: one model alone would stay in the core's cache. Generators sleep when nothing is due,
// and the flood's gives way to others on the same cores. BENCH_ROWS: rows of a request, which sets what it costs. BENCH_SECONDS: of each part of a round.
import { boostedTrees } from './lib/classical-models.mjs';
import { runDelayMicros } from './lib/proc.mjs';
import { RealtimeProcess } from './lib/realtime-process.mjs';
import { median, quantile } from './lib/statistics.mjs';
import { TenantsLoad } from './lib/tenants-load.mjs';

const ROWS = Number(process.env.BENCH_ROWS ?? 16);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const FEATURES = 32;
const CALM = 4;
const EQUALS = 10;
/** Connections of a tenant: what it has under way at the same time. */
const CONNECTIONS = 64;
const FLOODER_CONNECTIONS = 512;

const tenants = (count, name) => Array.from({ length: count }, (_none, at) => `${name}-${at}`);
const ALL = [...tenants(CALM, 'calm'), ...tenants(EQUALS, 'equal'), 'flood'];

/** A request as tritonclient sends it: values as bytes, both ways. */
export function requestOf(origin, tenantId) {
  const bytes = Buffer.from(Float32Array.from({ length: ROWS * FEATURES }, () => Math.random() * 2 - 1).buffer);
  const input = {
    name: 'x',
    datatype: 'FP32',
    shape: [ROWS, FEATURES],
    parameters: { binary_data_size: bytes.length },
  };
  const json = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
  return {
    origin,
    path: '/v2/models/m/infer',
    headers: {
      authorization: `Bearer ${tenantId}`,
      'inference-header-content-length': String(json.length),
      'x-request-timeout-ms': '1000',
    },
    bodyBase64: Buffer.concat([json, bytes]).toString('base64'),
  };
}

/** Jain's index of how equal shares are: 1 when all are, 1/n when one has all. */
function jain(shares) {
  const sum = shares.reduce((total, share) => total + share, 0);
  return sum ** 2 / (shares.length * shares.reduce((total, share) => total + share ** 2, 0));
}

const answered = (loads) => loads.reduce((total, { latencies }) => total + latencies.length, 0);
const p99Of = (loads) =>
  quantile(
    loads.flatMap(({ latencies }) => latencies),
    0.99,
  );

const equals = (realtime, more) =>
  tenants(EQUALS, 'equal').map((name) => ({ ...requestOf(realtime.url, name), ...more }));

/** The load that is told, and how much of the time the server's thread waited for a core meanwhile. */
async function watched(realtime, load) {
  const [fromMs, fromMicros] = [performance.now(), runDelayMicros(realtime.pid)];
  const told = await load.run(SECONDS);
  return { told, waited: (runDelayMicros(realtime.pid) - fromMicros) / 1000 / (performance.now() - fromMs) };
}

async function round(realtime, perSecond) {
  const calm = tenants(CALM, 'calm').map((name) => ({ ...requestOf(realtime.url, name), perSecond: 0.05 * perSecond }));
  const flooder = { ...requestOf(realtime.url, 'flood'), perSecond: 10 * perSecond, connections: FLOODER_CONNECTIONS };
  const open = (them, more) => TenantsLoad.open({ tenants: them, connections: CONNECTIONS, ...more });
  const quiet = await watched(realtime, await open(calm));
  const [calmLoad, floodLoad] = [await open(calm), await open([flooder], { nice: 10 })];
  const flooding = floodLoad.run(SECONDS + 2);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const flooded = await watched(realtime, calmLoad);
  const [flood] = await flooding;
  const overload = await open(equals(realtime, { perSecond: (3 / EQUALS) * perSecond }));
  const overloaded = await overload.run(SECONDS);
  const refused = flooded.told.reduce((total, { statuses, latencies }) => {
    const all = Object.values(statuses).reduce((sum, count) => sum + count, 0);
    return total + all - latencies.length;
  }, 0);
  return {
    quiet: p99Of(quiet.told),
    quietWaited: quiet.waited,
    flooded: p99Of(flooded.told),
    floodedWaited: flooded.waited,
    sentLate: quantile(
      flooded.told.flatMap(({ lateMs }) => lateMs),
      0.99,
    ),
    refused,
    floodDone: flood.latencies.length / (SECONDS + 2),
    flood: JSON.stringify(flood.statuses),
    jain: jain(overloaded.map(({ latencies }) => latencies.length)),
    goodput: answered(overloaded) / SECONDS,
    overloadP99: p99Of(overloaded),
  };
}

/** What the process does when there is always enough to do and nothing too much. */
async function peakOf(realtime) {
  const load = await TenantsLoad.open({ tenants: equals(realtime, { connections: 4 }) });
  const told = await load.run(SECONDS);
  for (const { statuses } of told)
    if (Object.keys(statuses).some((status) => status !== '200'))
      throw new Error(`refused: ${JSON.stringify(statuses)}`);
  return answered(told) / SECONDS;
}

export async function run(figures) {
  const realtime = await RealtimeProcess.start();
  try {
    const file = Buffer.from(boostedTrees(100, 6, FEATURES)).toString('base64');
    await realtime.ask(
      'place',
      ALL.map((tenantId) => ({ tenantId, modelName: 'm', file })),
    );
    await peakOf(realtime);
    const rounds = [];
    for (let i = 0; i < ROUNDS; i += 1) {
      const peak = await peakOf(realtime);
      rounds.push({ peak, ...(await round(realtime, peak)) });
      console.log(' ', JSON.stringify(rounds.at(-1)));
    }
    report(figures, rounds);
  } finally {
    await realtime.stop();
  }
}

function report(figures, rounds) {
  const of = (field) => median(rounds.map((one) => one[field]));
  const [peak, quiet] = [of('peak'), of('quiet')];
  figures.add({ name: `requests of ${ROWS} rows, peak`, value: peak, unit: 'requests/s' });
  figures.add({ name: `${CALM} tenants at a fifth of it, p99`, value: quiet, unit: 'ms' });
  figures.add({
    name: 'the same while one floods with 10 × the peak, p99',
    value: of('flooded'),
    unit: 'ms',
    reference: quiet,
    bar: { atMost: 2 * quiet },
  });
  figures.add({ name: 'quiet, the thread waited for a core', value: 100 * of('quietWaited'), unit: '% of the time' });
  figures.add({ name: 'in the flood', value: 100 * of('floodedWaited'), unit: '% of the time' });
  figures.add({ name: 'of theirs, refused', value: of('refused'), unit: 'requests', bar: { atMost: 0 } });
  figures.add({ name: "of the flood's, answered", value: of('floodDone'), unit: 'requests/s', reference: peak });
  figures.add({
    name: `${EQUALS} equal tenants at 3 × the peak, Jain's index`,
    value: of('jain'),
    unit: '',
    bar: { atLeast: 0.95 },
  });
  figures.add({
    name: 'the same, answered in a second',
    value: of('goodput'),
    unit: 'requests/s',
    reference: peak,
    bar: { atLeast: 0.85 * peak },
  });
  figures.add({ name: 'the same, p99', value: of('overloadP99'), unit: 'ms' });
}
