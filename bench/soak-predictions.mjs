// Ten million predictions, five rows a request, over 100,000 models of 1,000 tenants by one `realtime` process as production starts it, with memory for less than half of them, while versions change and tenants go and come: whether
// its memory stays what it is, and whether the event log hears of every answer: over an end by SIGTERM of all, over a SIGKILL of all but those of the last moment.
// BENCH_PREDICTIONS and BENCH_TENANTS for fewer. (`soak` is the whole mesh with random kills.)
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@myriad/config';
import { ensureContractTopics, eventLogConfig, openEventLog } from '@myriad/messaging';
import { FileObjectStore } from '@myriad/storage';
import { createTestDatabase } from '@myriad/testing';
import { z } from 'zod';
import { initCluster, startPostgres } from '../tools/postgres/launch.mjs';
import { ChurningFleet } from './lib/churning-fleet.mjs';
import { driftOf, mean } from './lib/drift.mjs';
import { FEATURES } from './lib/made-up-fleet.mjs';
import { MeteredUsage } from './lib/metered-usage.mjs';
import { seeded } from './lib/random.mjs';
import { SoakLoadProcess } from './lib/soak-load.mjs';
import { SoakedProcess } from './lib/soaked-process.mjs';

const PREDICTIONS = Number(process.env.BENCH_PREDICTIONS ?? 10_000_000);
const TENANTS = Number(process.env.BENCH_TENANTS ?? 1_000);
const MODELS_EACH = 100;
/** Each row is a prediction. */
const ROWS = 5;
const REQUESTS = PREDICTIONS / ROWS;
const CONNECTIONS = 24;
/** Shares of the predictions after which the process is ended by SIGTERM, counts are compared, and it is killed. */
const [RESTART_AT, COMPARE_AT, KILL_AT] = [0.05, 0.9, 0.95];
const METER_INTERVAL_MS = 1_000;
/** What models take in memory, and copies on disk, beside what there is of them. */
const [IN_MEMORY, ON_DISK] = [0.4, 0.5];
const [MODEL_BYTES, COPY_BYTES, COPIES_EACH] = [304, 4_096, 5];
const FLIPS = { everyMs: 100, models: 3 };
const MOVES_MS = 2_000;
const TOKENS_MS = 25_000;
/** Of a life's samples so many are of warming up. */
const WARM_UP = 0.3;
const [ENVIRONMENT, POOL] = ['production', 'tabular-small'];

export async function run(figures) {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-soak-'));
  const stops = [];
  try {
    await soak(figures, folder, stops);
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function soak(figures, folder, stops) {
  const eventLog = await startLog(folder, stops);
  const log = await openEventLog(loadConfig(z.object(eventLogConfig), eventLog));
  stops.push(() => log.close());
  await ensureContractTopics(log);
  const fleet = new ChurningFleet({ tenants: TENANTS, modelsEach: MODELS_EACH, environment: ENVIRONMENT, pool: POOL });
  const objects = join(folder, 'objects');
  await fleet.put(await FileObjectStore.open({ root: objects }));
  await fleet.placeAll(log);
  const server = await startServer({ folder, objects, eventLog, fleet });
  stops.push(() => server.end('SIGKILL'));
  figures.add({ name: 'ready with all placements', value: await server.start(), unit: 's' });
  const metered = new MeteredUsage();
  await metered.follow(log);
  stops.push(() => metered.close());
  const load = new SoakLoadProcess();
  stops.push(() => load.stop());
  await predict(figures, { fleet, log, server, metered, load });
}

async function startLog(folder, stops) {
  const dataFolder = join(folder, 'pg');
  await initCluster({ dataFolder, superuserPassword: 'bench' });
  const postgres = await startPostgres({
    dataFolder,
    logFile: join(folder, 'pg.log'),
    settings: { max_connections: 40 },
  });
  stops.push(() => postgres.stop('fast'));
  const serverUrl = `postgres://postgres:bench@127.0.0.1:${postgres.port}/postgres`;
  const { migrationUrl } = await createTestDatabase({ service: 'log', serverUrl });
  return { EVENT_LOG: 'postgres', EVENT_LOG_URL: migrationUrl };
}

function startServer({ folder, objects, eventLog, fleet }) {
  const variables = {
    ...eventLog,
    ...{ POOL, OBJECT_STORE_PATH: objects, DISK_CACHE_PATH: join(folder, 'copies') },
    MEMORY_LIMIT_BYTES: String(Math.max(1_048_576, Math.round(IN_MEMORY * fleet.models * MODEL_BYTES))),
    DISK_CACHE_BYTES: String(Math.max(1_048_576, Math.round(ON_DISK * TENANTS * COPIES_EACH * COPY_BYTES))),
    TENANT_MEMORY_FLOOR_BYTES: '0',
    METER_INTERVAL_MS: String(METER_INTERVAL_MS),
  };
  const sampleMs = Math.max(5_000, Math.min(15_000, REQUESTS / 50));
  return SoakedProcess.open({ folder, sampleMs, environment: ENVIRONMENT, variables });
}

async function predict(figures, parts) {
  const { fleet, log, server, load, metered } = parts;
  const random = seeded(7);
  const data = Array.from({ length: ROWS * FEATURES }, () => random());
  const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [ROWS, FEATURES], data }] });
  const { models } = fleet;
  await load.ask('make', { origin: server.origin, body, models, modelsEach: MODELS_EACH, connections: CONNECTIONS });
  await renewTokens(parts);
  const ending = new AbortController();
  const churning = churn(fleet, log, ending.signal);
  const fromMs = performance.now();
  await load.ask('go');
  await until(parts, RESTART_AT);
  await server.end('SIGTERM');
  await server.start();
  await until(parts, COMPARE_AT);
  const seconds = (performance.now() - fromMs) / 1_000;
  await load.ask('pause');
  const before = await load.ask('state');
  await metered.settled(before.total);
  compare(figures, { ...parts, told: before });
  figures.add({ name: 'predictions a second, all in all', value: (ROWS * before.total) / seconds, unit: '' });
  memory(figures, server.samples(1));
  await renewTokens(parts);
  await load.ask('go');
  await until(parts, KILL_AT);
  await kill(figures, parts);
  ending.abort();
  await churning;
  const { flips, gone, back } = fleet.changes;
  figures.add({ name: 'versions changed', value: flips, unit: '' });
  figures.add({ name: 'tenants that went or came, with a hundred models each', value: gone + back, unit: '' });
  figures.add({ name: 'events of metered use', value: metered.events, unit: '' });
}

async function renewTokens({ fleet, server, load }) {
  const tokens = Array.from({ length: TENANTS }, (_none, tenant) => server.token(fleet.tenantOf(tenant)));
  await load.ask('tokens', await Promise.all(tokens));
}

/** Resolves when this share of the predictions was answered. */
async function until(parts, share) {
  let renewedMs = Date.now();
  await renewTokens(parts);
  while ((await parts.load.ask('total')) < share * REQUESTS) {
    await sleep(100);
    if (Date.now() - renewedMs < TOKENS_MS) continue;
    renewedMs = Date.now();
    await renewTokens(parts);
  }
}

async function churn(fleet, log, signal) {
  for (let movedMs = Date.now(); !signal.aborted; await sleep(FLIPS.everyMs)) {
    await fleet.flip(log, FLIPS.models);
    if (Date.now() - movedMs < MOVES_MS) continue;
    movedMs = Date.now();
    await fleet.move(log);
  }
}

/** Of each model answered and metered, one by one. */
function differences({ fleet, metered, told }) {
  let [lost, invented] = [0, 0];
  for (let at = 0; at < fleet.models; at += 1) {
    const key = `${fleet.tenantOf(Math.floor(at / MODELS_EACH))}/${fleet.modelOf(at)}`;
    const counted = metered.answered.get(key) ?? 0;
    lost += Math.max(0, told.answered[at] - counted);
    // what was sent when the connection broke may have been answered to nobody
    invented += Math.max(0, counted - told.answered[at] - told.uncertain[at]);
  }
  return { lost, invented };
}

function compare(figures, parts) {
  const { told, metered } = parts;
  const { lost, invented } = differences(parts);
  console.log(`  (answers by status: ${JSON.stringify(told.statuses)})`);
  figures.add({ name: 'predictions answered, with an end by SIGTERM', value: ROWS * told.total, unit: '' });
  figures.add({ name: 'requests that were not metered', value: lost, unit: '', bar: { atMost: 0 } });
  figures.add({ name: 'requests metered and not answered', value: invented, unit: '', bar: { atMost: 0 } });
  const rows = Math.abs(metered.rows - ROWS * metered.total);
  figures.add({ name: 'rows metered too many or too few', value: rows, unit: '', bar: { atMost: 0 } });
}

/** Under load; then goes on to the end, and tells what was lost: of how many milliseconds before. */
async function kill(figures, parts) {
  const { server, load, metered } = parts;
  const before = differences({ ...parts, told: await load.ask('state') }).lost;
  const atMs = Date.now();
  await server.end('SIGKILL');
  const { timeline } = await load.ask('state');
  await server.start();
  await until(parts, 1);
  await load.ask('pause');
  await server.end('SIGTERM');
  const told = await load.ask('state');
  await metered.settled(told.total);
  const { lost, invented } = differences({ ...parts, told });
  console.log(`  (not yet metered a moment before the kill: ${before})`);
  const total = timeline.at(-1)[1];
  const [sinceMs] = timeline.findLast(([, answered]) => total - answered >= lost) ?? timeline[0];
  figures.add({ name: 'lost by a SIGKILL', value: ROWS * lost, unit: 'predictions' });
  figures.add({
    name: 'that is, of the last',
    value: atMs - sinceMs,
    unit: 'ms',
    bar: { atMost: 2 * METER_INTERVAL_MS },
  });
  figures.add({ name: 'metered twice', value: invented, unit: '', bar: { atMost: 0 } });
}

function memory(figures, samples) {
  const late = samples.slice(Math.floor(WARM_UP * samples.length));
  const minutes = (late.at(-1).ageMs - late[0].ageMs) / 60_000;
  for (const [name, key] of [
    ['live heap', 'heapBytes'],
    ['buffers', 'externalBytes'],
    ['resident memory', 'rssBytes'],
  ]) {
    const values = late.map((sample) => ({ age: sample.ageMs / 60_000, value: sample[key] }));
    const level = mean(values.map(({ value }) => value));
    figures.add({ name: `${name}, mean of ${late.length} samples`, value: level / 1e6, unit: 'MB' });
    const drift = (100 * driftOf([values]) * minutes) / level;
    figures.add({ name: `${name}, drift over ${minutes.toFixed(1)} min`, value: drift, unit: '%', bar: { atMost: 5 } });
  }
}
