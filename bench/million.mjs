// A million tenants with a logistic regression of 32 features each, in one replica: how long from its start until it knows them all from the snapshot of the placements, what it takes in memory with all
// of them loaded, and what a prediction for any of them takes. BENCH_TENANTS for fewer.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFleetSnapshot } from './lib/fleet-snapshot.mjs';
import { FEATURES, MODEL, MadeUpFleet, tenantOf } from './lib/made-up-fleet.mjs';
import { seeded } from './lib/random.mjs';
import { Replica } from './lib/replica.mjs';
import { quantile } from './lib/statistics.mjs';

const TENANTS = Number(process.env.BENCH_TENANTS ?? 1_000_000);
const ASKED = 5_000;
const LOADS_ALL = 512 * 1_048_576;
/** V8 gives the pages of a heap that shrank back to the system some ten seconds later. */
const QUIET_MS = 15_000;

export async function run(figures) {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-million-'));
  try {
    await writeSnapshot(figures, folder);
    await serve(figures, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function writeSnapshot(figures, folder) {
  const { keys, sizeBytes } = await writeFleetSnapshot(TENANTS, folder);
  figures.add({ name: 'the snapshot, a placement', value: sizeBytes / keys, unit: 'bytes' });
}

async function serve(figures, snapshots) {
  const replica = new Replica({ tenants: TENANTS, snapshots, maxBytes: LOADS_ALL });
  try {
    const { seconds, readingSeconds, cpuSeconds, url } = await replica.ready();
    const scale = TENANTS / 1e6;
    figures.add({
      name: 'start to ready from the snapshot',
      value: seconds,
      unit: 's',
      bar: { atMost: Math.max(3, 15 * scale) },
    });
    figures.add({ name: 'the same, CPU of all threads', value: cpuSeconds, unit: 's' });
    figures.add({ name: 'of that, reading it', value: (readingSeconds * 1e6) / TENANTS, unit: 'µs a placement' });
    figures.add({ name: 'start to ready, a tenant', value: (seconds * 1e6) / TENANTS, unit: 'µs' });
    const warm = await replica.ask('warm');
    const { models, bytes } = warm;
    figures.add({ name: 'models loaded', value: models, unit: '', bar: { atLeast: TENANTS } });
    figures.add({ name: 'what they are counted with', value: bytes / 1e6, unit: 'MB' });
    figures.add({ name: 'loading one of all of them', value: (warm.seconds * 1e6) / models, unit: 'µs' });
    const { rss, heapTotal, heapUsed, arrayBuffers } = await replica.ask('settled');
    console.log(`  (V8 holds ${(heapTotal / 1e6).toFixed(0)} MB for the heap)`);
    figures.add({ name: 'resident memory', value: rss / 1e6, unit: 'MB', bar: { atMost: 1_000 } });
    figures.add({ name: 'of that, heap', value: heapUsed / 1e6, unit: 'MB' });
    figures.add({ name: 'of that, buffers', value: arrayBuffers / 1e6, unit: 'MB' });
    await ask(figures, url);
    const after = await replica.ask('settled');
    figures.add({ name: `resident memory after ${ASKED} predictions`, value: after.rss / 1e6, unit: 'MB' });
    figures.add({ name: 'the most there ever was', value: after.peak / 1e6, unit: 'MB', bar: { atMost: 1_000 } });
    await sleep(QUIET_MS);
    const quiet = await replica.ask('memory');
    figures.add({ name: 'resident memory after 15 quiet seconds', value: quiet.rss / 1e6, unit: 'MB' });
    figures.add({ name: 'the same, a tenant', value: quiet.rss / TENANTS, unit: 'bytes' });
  } finally {
    await replica.stop();
  }
}

/** One client, one after the other, tenants at random; each answer has to be that of the tenant's own weights. */
async function ask(figures, url) {
  const random = seeded(7);
  const fleet = new MadeUpFleet(0);
  const data = Array.from({ length: FEATURES }, () => random());
  const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, FEATURES], data }] });
  const tooks = [];
  for (let asked = 0; asked < ASKED; asked += 1) {
    const number = Math.floor(random() * TENANTS);
    const tenant = tenantOf(number);
    const headers = { authorization: `Bearer ${tenant}`, 'content-type': 'application/json' };
    const fromMs = performance.now();
    const answer = await fetch(`${url}/v2/models/${MODEL}/infer`, { method: 'POST', headers, body });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
    tooks.push(performance.now() - fromMs);
    const [, probability] = JSON.parse(text).outputs.find(({ name }) => name === 'probabilities').data;
    const expected = fleet.probabilityOf(number, data);
    if (!(Math.abs(probability - expected) < 1e-5)) throw new Error(`${tenant}: ${probability}, not ${expected}`);
  }
  figures.add({ name: 'a prediction for any of them, p50', value: quantile(tooks, 0.5), unit: 'ms' });
  figures.add({ name: 'a prediction for any of them, p99', value: quantile(tooks, 0.99), unit: 'ms' });
}
