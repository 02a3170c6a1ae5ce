// A replica of a million tenants with memory for a tenth of their models, asked by Zipf's law 2,000 times a second: all copies on its disk but those of one tenant in a hundred, which come from S3 on
// loopback. What requests take with all loads in them, what loads take, and whether loads hold up the models that are in memory, beside the same requests with nothing to be loaded.
// BENCH_TENANTS for fewer; BENCH_FLEET names a folder whose objects are kept for the next run, BENCH_SECONDS=0 only makes them.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModelHost, splitModel } from '@myriad/inference';
import { logisticRegression } from './lib/classical-models.mjs';
import { FleetObjects } from './lib/fleet-objects.mjs';
import { writeFleetSnapshot } from './lib/fleet-snapshot.mjs';
import { FEATURES, MODEL, tenantOf } from './lib/made-up-fleet.mjs';
import { seeded } from './lib/random.mjs';
import { Replica } from './lib/replica.mjs';
import { quantile } from './lib/statistics.mjs';
import { tenantOfRank, zipfLoad } from './lib/zipf-load.mjs';

const TENANTS = Number(process.env.BENCH_TENANTS ?? 1_000_000);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
const WARM_UP_SECONDS = Number(process.env.BENCH_WARM_UP_SECONDS ?? 60);
const PER_SECOND = 2_000;
const EXPONENTS = [1, 0.9];
const IN_MEMORY = 0.1;
/** The most asked tenants: their models are in memory all the time. */
const HOT = Math.min(1_000, TENANTS / 100);
/** Of the others every so many has no copy on the disk. */
const FROM_S3_EACH = 100;
const DISK_BYTES = 64 * 1024 ** 3;
/** So many of the tenants asked last are asked what their loads took. */
const EXPLAINED = 2_000;

const isOnDisk = (rank) => rank <= HOT || rank % FROM_S3_EACH !== FROM_S3_EACH / 2;

export async function run(figures) {
  const folder = process.env.BENCH_FLEET ?? mkdtempSync(join(tmpdir(), 'myriad-zipf-'));
  const snapshots = join(folder, 'snapshots');
  const objects = new FleetObjects({ tenants: TENANTS, folder, isOnDisk, tenantOfRank });
  try {
    await objects.start();
    if (!existsSync(objects.places.disk)) await objects.put();
    if (!existsSync(snapshots)) await writeFleetSnapshot(TENANTS, snapshots);
    if (SECONDS > 0) await serve(figures, { snapshots, ...objects.places });
  } finally {
    await objects.stop();
    if (process.env.BENCH_FLEET === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function serve(figures, places) {
  const maxBytes = Math.round(IN_MEMORY * TENANTS * (await countedBytes()));
  const replica = new Replica({ tenants: TENANTS, ...places, maxBytes, diskBytes: DISK_BYTES });
  try {
    const { seconds, url } = await replica.ready();
    figures.add({ name: 'start to ready, with the disk’s copies', value: seconds, unit: 's' });
    const opened = await replica.ask('opened');
    figures.add({ name: 'start until all copies are known', value: opened.seconds, unit: 's' });
    const { models, failures } = await replica.ask('warm');
    if (failures > 0) throw new Error(`${failures} loads failed: the objects are of another making`);
    figures.add({
      name: 'models in memory',
      value: (100 * models) / TENANTS,
      unit: '%',
      bar: { atMost: 100 * IN_MEMORY },
    });
    const { rss } = await replica.ask('settled');
    figures.add({ name: 'resident memory', value: rss / 1e6, unit: 'MB' });
    await zipfLoad({ ...loadOf(url), seconds: WARM_UP_SECONDS, connections: 8, exponent: EXPONENTS[0] });
    const quiet = await quietly(figures, replica, url);
    for (const exponent of EXPONENTS) await underLoads(figures, replica, { url, exponent, quiet });
  } finally {
    await replica.stop();
  }
}

/** What a model takes of the memory for models. */
async function countedBytes() {
  const host = new ModelHost();
  const { skeleton, weights } = splitModel(logisticRegression(FEATURES));
  const { memoryBytes } = await host.load({ way: 'kernel', skeleton: skeleton.bytes, weights });
  host.dispose();
  return memoryBytes;
}

function loadOf(url) {
  const random = seeded(7);
  const data = Array.from({ length: FEATURES }, () => random());
  const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, FEATURES], data }] });
  const request = {
    origin: url,
    path: `/v2/models/${MODEL}/infer`,
    headers: { 'content-type': 'application/json' },
    body,
  };
  return { origin: url, request, tenants: TENANTS, ranks: TENANTS, hotRanks: HOT, exponent: 1, seed: 1 };
}

/** Nothing but what is in memory is asked for: all of that once before. */
async function quietly(figures, replica, url) {
  const load = { ...loadOf(url), ranks: HOT, seconds: SECONDS / 2 };
  const { path, headers, body } = load.request;
  for (let rank = 1; rank <= HOT; rank += 1) {
    const authorization = `Bearer ${tenantOf(tenantOfRank(rank, TENANTS))}`;
    await (await fetch(url + path, { method: 'POST', headers: { ...headers, authorization }, body })).text();
  }
  const before = await replica.ask('state');
  const { hot } = await zipfLoad({ ...load, perSecond: PER_SECOND });
  const after = await replica.ask('state');
  latencies(figures, 'nothing to be loaded', hot);
  figures.add({ name: 'loads meanwhile', value: after.loads - before.loads, unit: '', bar: { atMost: 0 } });
  return hot;
}

async function underLoads(figures, replica, { url, exponent, quiet }) {
  await replica.ask('reset');
  const before = await replica.ask('state');
  const fromMs = Date.now();
  const told = await zipfLoad({
    ...loadOf(url),
    exponent,
    seconds: SECONDS,
    perSecond: PER_SECOND,
    seed: 100 * exponent,
  });
  const after = await replica.ask('state');
  const { hot, others, asked } = told;
  const name = `exponent ${exponent}`;
  const all = { latencies: [...hot.latencies, ...others.latencies], failures: { ...hot.failures, ...others.failures } };
  latencies(figures, `${name}, all`, all, { p99: { atMost: 5 } });
  const loads = after.loads - before.loads;
  figures.add({ name: `${name}: answered without a load`, value: 100 * (1 - loads / all.latencies.length), unit: '%' });
  figures.add({ name: `${name}: loads a second`, value: loads / SECONDS, unit: '' });
  figures.add({
    name: `${name}: of that from S3`,
    value: (after.disk.misses - before.disk.misses) / SECONDS,
    unit: '',
  });
  latencies(figures, `${name}, the ${HOT} most asked`, hot, {
    p99: { atMost: Math.max(1, 2 * quantile(quiet.latencies, 0.99)) },
  });
  const { p99Ms, maxMs } = await replica.ask('delay');
  console.log(`  (event loop late by ${p99Ms.toFixed(1)} ms at p99, ${maxMs.toFixed(1)} ms at most)`);
  await explainLoads(figures, { name, url, asked, fromMs });
}

function latencies(figures, name, { latencies: tooks, failures }, bars = {}) {
  if (Object.keys(failures).length > 0) console.log(`  (${name}: no answers ${JSON.stringify(failures)})`);
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  figures.add({ name: `${name}, not answered`, value: failed, unit: '', bar: { atMost: 0 } });
  for (const [what, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
    ['p99.9', 0.999],
  ])
    figures.add({ name: `${name}, ${what}`, value: quantile(tooks, share), unit: 'ms', bar: bars[what] ?? null });
}

/** What the replica says of the loads of those asked last. */
async function explainLoads(figures, { name, url, asked, fromMs }) {
  const tooks = { disk: [], store: [] };
  for (const number of asked.slice(-EXPLAINED)) {
    const headers = { authorization: `Bearer ${tenantOf(number)}` };
    const answer = await fetch(`${url}/v1/serving/explain?model=${MODEL}`, { headers });
    const { loads } = await answer.json();
    for (const { startedAt, tookMs, from } of loads) if (Date.parse(startedAt) >= fromMs) tooks[from].push(tookMs);
  }
  for (const [from, what, most] of [
    ['disk', 'the disk', 1],
    ['store', 'S3', 15],
  ]) {
    if (tooks[from].length === 0) continue;
    const say = (share) => quantile(tooks[from], share);
    figures.add({ name: `${name}: a load from ${what}, p50`, value: say(0.5), unit: 'ms', bar: { atMost: most } });
    figures.add({ name: `${name}: a load from ${what}, p99 of ${tooks[from].length}`, value: say(0.99), unit: 'ms' });
  }
}
