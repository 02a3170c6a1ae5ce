// What an event costs from the transaction that makes it to the transaction that handles it: outbox → log → inbox, on real Kafka and on the
// standalone log; and how soon a new consumer of a large compacted topic is ready. References: bare clients without outbox and inbox.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@myriad/config';
import { eventLogConfig, openEventLog, silentLogger } from '@myriad/messaging';
import { OutboxRelay, UnitOfWork } from '@myriad/persistence';
import { createTestDatabase } from '@myriad/testing';
import { z } from 'zod';
import { startKafka } from '../tools/engines/engine.mjs';
import { initCluster, startPostgres } from '../tools/postgres/launch.mjs';
import { bareKafkaRate } from './lib/bare-kafka.mjs';
import { compactedTopic } from './lib/compacted-topic.mjs';
import { openShop, thingChanged } from './lib/event-shop.mjs';
import { cpuMicros, processTree } from './lib/proc.mjs';
import { quantile } from './lib/statistics.mjs';

const RATE = 1_000;
const SECONDS = 50;
/** The broker's compiler has done its work by then. */
const WARM_UP_SECONDS = 20;
const SUSTAINED = Number(process.env.BENCH_EVENTS ?? 40_000);
const PER_TRANSACTION = 50;
const TENANTS = 200;
const only = process.env.BENCH_ONLY?.split(',');
const wants = (part) => only === undefined || only.includes(part);

export async function run(figures) {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-bench-events-'));
  const stops = [];
  try {
    const dataFolder = join(folder, 'pg');
    await initCluster({ dataFolder, superuserPassword: 'bench' });
    const postgres = await startPostgres({
      dataFolder,
      logFile: join(folder, 'pg.log'),
      settings: { max_connections: 60 },
    });
    stops.push(() => postgres.stop('fast'));
    const serverUrl = `postgres://postgres:bench@127.0.0.1:${postgres.port}/postgres`;
    const kafka = await startKafka({ dir: join(folder, 'kafka'), isLasting: true });
    stops.push(() => kafka.stop());
    const onKafka = {
      EVENT_LOG: 'kafka',
      KAFKA_BROKERS: kafka.brokers,
      ...(process.env.KAFKA_CLIENT && { KAFKA_CLIENT: process.env.KAFKA_CLIENT }),
    };
    const servers = { Kafka: kafka.pid, PostgreSQL: postgres.pid };
    if (wants('latency')) await latency(figures, await lane(serverUrl, onKafka, servers));
    if (wants('sustained')) {
      const bare = await bareKafkaRate(kafka.brokers);
      await sustained(figures, await lane(serverUrl, onKafka, servers), { name: 'Kafka', bar: 5_000, reference: bare });
    }
    if (wants('standalone')) {
      const { migrationUrl } = await createTestDatabase({ service: 'log', serverUrl });
      const onPostgres = { EVENT_LOG: 'postgres', EVENT_LOG_URL: migrationUrl };
      await sustained(figures, await lane(serverUrl, onPostgres, { PostgreSQL: postgres.pid }), {
        name: 'the standalone log',
        bar: 2_000,
      });
    }
    if (wants('compacted')) await compactedTopic(figures, kafka.brokers);
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A publisher in this process and one consumer in another, each with a database of its own. */
async function lane(serverUrl, variables, servers) {
  const [own, other] = await Promise.all(
    ['publisher', 'consumer'].map((service) => createTestDatabase({ service, serverUrl })),
  );
  const database = await openShop(own);
  const uow = new UnitOfWork(database);
  const log = await openEventLog(loadConfig(z.object(eventLogConfig), variables));
  await log.ensureTopics([thingChanged.topic]);
  const relay = new OutboxRelay({ database, append: (records) => log.append(records), logger: silentLogger });
  const latencies = [];
  const consumer = fork(join(import.meta.dirname, 'lib/event-consumer.mjs'), {
    env: {
      ...process.env,
      BENCH_CONSUMER: JSON.stringify({ variables, database: other, group: `bench-${Date.now()}` }),
    },
    execArgv: process.env.BENCH_PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`] : [],
  });
  const exited = new Promise((resolve) => consumer.once('exit', resolve));
  await new Promise((resolve, reject) => {
    void exited.then((code) => reject(new Error(`the consumer ended with ${code}`)));
    consumer.on('message', (message) => (message === 'ready' ? resolve() : latencies.push(...message.latencies)));
  });
  return {
    uow,
    relay,
    latencies,
    countCpu: () => cpuOf({ publisher: process.pid, consumer: consumer.pid, ...servers }),
    close: async () => {
      consumer.send('end');
      await exited;
      await relay.stop();
      await log.close();
      await database.close();
      await Promise.all([own.drop(), other.drop()]);
    },
  };
}

/** Begins to count; the function tells each part's CPU µs since, of all its processes. */
function cpuOf(parts) {
  const used = (name, pid) =>
    (name === 'PostgreSQL' ? processTree(pid) : [pid]).reduce((sum, one) => sum + cpuMicros(one), 0);
  const before = Object.entries(parts).map(([name, pid]) => [name, pid, used(name, pid)]);
  return () => before.map(([name, pid, micros]) => [name, used(name, pid) - micros]);
}

const note = 'x'.repeat(200);
const contextOf = (tenant) => ({ tenantId: `tenant-${tenant}`, principal: { kind: 'service', id: 'bench' } });
const dataOf = (n) => ({ name: `thing-${n}`, size: n, sentMs: performance.timeOrigin + performance.now(), note });

async function handledAll({ latencies }, count) {
  const deadlineMs = performance.now() + 120_000;
  while (latencies.length < count && performance.now() < deadlineMs) await sleep(20);
  if (latencies.length !== count) throw new Error(`${count} events were made and ${latencies.length} handled`);
}

async function latency(figures, one) {
  one.relay.start();
  const fromMs = performance.now();
  const inFlight = new Set();
  const total = RATE * SECONDS;
  let cpuSince = one.countCpu();
  for (let n = 0; n < total; n += 1) {
    if (n === RATE * WARM_UP_SECONDS) cpuSince = one.countCpu();
    const dueMs = fromMs + (n * 1_000) / RATE;
    if (performance.now() < dueMs) await sleep(dueMs - performance.now());
    const made = one.uow.run(contextOf(n % TENANTS), (tx) => tx.emit(thingChanged, dataOf(n)));
    inFlight.add(made);
    void made.finally(() => inFlight.delete(made));
    if (inFlight.size > 32) await Promise.race(inFlight);
  }
  const tookS = (performance.now() - fromMs) / 1_000;
  await Promise.all(inFlight);
  await handledAll(one, total);
  addCpu(figures, cpuSince, RATE * (SECONDS - WARM_UP_SECONDS), 'one a transaction');
  const measured = one.latencies.slice(RATE * WARM_UP_SECONDS);
  figures.add({ name: 'events a second, made one a transaction', value: total / tookS, unit: '/s' });
  for (const [q, bar] of [
    [0.5, 10],
    [0.99, 50],
  ])
    figures.add({
      name: `publish → handled on Kafka, outbox and inbox, p${q * 100}`,
      value: quantile(measured, q),
      unit: 'ms',
      bar: { atMost: bar },
    });
  await one.close();
}

async function sustained(figures, one, { name, bar, reference = null }) {
  one.relay.start();
  const cpuSince = one.countCpu();
  const fromMs = performance.now();
  let made = 0;
  const writer = async () => {
    while (made < SUSTAINED) {
      const from = made;
      made += PER_TRANSACTION;
      await one.uow.run(contextOf((from / PER_TRANSACTION) % TENANTS), async (tx) => {
        for (let n = 0; n < PER_TRANSACTION; n += 1) await tx.emit(thingChanged, dataOf(from + n));
      });
    }
  };
  await Promise.all([writer(), writer()]);
  const madeS = (performance.now() - fromMs) / 1_000;
  await handledAll(one, SUSTAINED);
  const tookS = (performance.now() - fromMs) / 1_000;
  figures.add({
    name: `events a second through outbox → ${name} → inbox`,
    value: SUSTAINED / tookS,
    unit: '/s',
    reference,
    bar: { atLeast: bar },
  });
  figures.add({ name: `events a second made meanwhile (${name})`, value: SUSTAINED / madeS, unit: '/s' });
  addCpu(figures, cpuSince, SUSTAINED, name);
  await one.close();
}

function addCpu(figures, cpuSince, count, what) {
  for (const [part, micros] of cpuSince())
    figures.add({ name: `CPU of an event, ${what}: ${part}`, value: micros / count, unit: 'µs' });
}
