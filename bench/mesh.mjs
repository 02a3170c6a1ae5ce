// What the mesh on this machine costs: start-up, idle memory, events, predictions. References: Kafka for events, a bare node:http echo for predictions.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnavailable, startKafka } from '../tools/engines/engine.mjs';
import { eventLatencies } from './lib/event-latency.mjs';
import { predictions } from './lib/predictions.mjs';
import { processTree, pssBytes } from './lib/proc.mjs';
import { BenchMesh } from './lib/standalone.mjs';
import { median, quantile } from './lib/statistics.mjs';

const STARTS = 3;
const IDLE_MS = 20_000;

export async function run(figures) {
  const mesh = new BenchMesh();
  try {
    await startUp(figures, mesh);
    await idleMemory(figures, mesh);
    await events(figures, mesh);
    await predictions(figures, mesh);
  } finally {
    await mesh.remove();
  }
}

async function startUp(figures, mesh) {
  figures.add({ name: 'first start, databases made', value: await mesh.up(), unit: 's' });
  const seconds = [];
  for (let i = 0; i < STARTS; i += 1) {
    await mesh.down();
    seconds.push(await mesh.up());
  }
  figures.add({ name: 'up from stopped', value: median(seconds), unit: 's', bar: { atMost: 12 } });
}

async function idleMemory(figures, mesh) {
  await sleep(IDLE_MS);
  const byName = Object.entries(mesh.pids()).map(([name, pid]) => ({
    name,
    bytes: processTree(pid)
      .filter((one) => name !== 'supervisor' || one === pid) // its children stand for themselves
      .reduce((sum, one) => sum + pssBytes(one), 0),
  }));
  for (const { name, bytes } of byName) figures.add({ name: `idle memory of ${name}`, value: bytes / 1e6, unit: 'MB' });
  const total = byName.reduce((sum, { bytes }) => sum + bytes, 0);
  figures.add({ name: 'idle memory of everything (PSS)', value: total / 1e9, unit: 'GB', bar: { atMost: 2.2 } });
}

async function events(figures, mesh) {
  const kafka = await kafkaLatencies(figures);
  const standalone = await eventLatencies({
    EVENT_LOG: 'postgres',
    EVENT_LOG_URL: mesh.databaseUrl('myriad_log', 'log_owner'),
  });
  for (const [name, q, bar] of [
    ['p50', 0.5, { atMost: 20 }],
    ['p99', 0.99, null],
  ]) {
    const reference = kafka ? quantile(kafka, q) : null;
    figures.add({
      name: `event published → handled, ${name}`,
      value: quantile(standalone, q),
      unit: 'ms',
      reference,
      bar,
    });
  }
}

async function kafkaLatencies(figures) {
  const dir = mkdtempSync(join(tmpdir(), 'myriad-bench-kafka-'));
  let kafka;
  try {
    kafka = await startKafka({ dir });
    return await eventLatencies({ EVENT_LOG: 'kafka', KAFKA_BROKERS: kafka.brokers });
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    figures.say(`  Kafka is not beside it: ${error.message}`);
    return undefined;
  } finally {
    await kafka?.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
