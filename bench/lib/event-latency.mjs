import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@myriad/config';
import { eventLogConfig, openEventLog } from '@myriad/messaging';
import { z } from 'zod';

const TOPIC = { name: 'myriad.bench.latency.v1', partitions: 8, cleanup: 'delete', retentionMs: 3_600_000 };
const EVENTS_A_SECOND = 50;
const SECONDS = 12;
const WARM_UP_SECONDS = 2;

/** `variables` as a service is told them. */
const open = (variables) => openEventLog(loadConfig(z.object(eventLogConfig), variables));

/** A consumer in a process of its own: tells the publisher's time of each record it handles, and how long ago that was. */
async function consume() {
  const log = await open(JSON.parse(process.env.BENCH_LOG));
  await log.subscribe({ group: `bench-${process.pid}`, topics: [TOPIC.name], from: 'latest' }, async (batch) => {
    const nowMs = performance.timeOrigin + performance.now();
    const latencies = batch.records.map((record) => nowMs - Number(record.headers.sentMs));
    await batch.commit(batch.records.at(-1).offset);
    process.send(latencies);
  });
  process.send('subscribed');
}

/** Milliseconds from the call of `append` in one process to the handler's begin in another, one by one, at 50 events a second over 16 tenants. */
export async function eventLatencies(variables) {
  const log = await open(variables);
  await log.ensureTopics([TOPIC]);
  const consumer = fork(import.meta.filename, { env: { ...process.env, BENCH_LOG: JSON.stringify(variables) } });
  try {
    const latencies = [];
    await new Promise((resolve, reject) => {
      consumer.once('error', reject);
      consumer.once('exit', (code) => reject(new Error(`the consumer ended with ${code}`)));
      consumer.on('message', (message) => (message === 'subscribed' ? resolve() : latencies.push(...message)));
    });
    await sleep(WARM_UP_SECONDS * 1000); // the group settles
    const send = async (index) => {
      const sentMs = String(performance.timeOrigin + performance.now());
      const value = Buffer.from(JSON.stringify({ index, data: 'x'.repeat(400) }));
      await log.append([{ topic: TOPIC.name, key: `tenant-${index % 16}/${index}`, value, headers: { sentMs } }]);
    };
    let sent = 0;
    const fromMs = performance.now();
    for (; sent < SECONDS * EVENTS_A_SECOND; sent += 1) {
      await sleep(Math.max(0, fromMs + (sent * 1000) / EVENTS_A_SECOND - performance.now()));
      await send(sent);
    }
    for (let i = 0; i < 100 && latencies.length < sent; i += 1) await sleep(100);
    if (latencies.length !== sent) throw new Error(`${sent} events were sent and ${latencies.length} handled`);
    return latencies.slice(WARM_UP_SECONDS * EVENTS_A_SECOND);
  } finally {
    consumer.removeAllListeners('exit');
    consumer.kill('SIGKILL');
    await log.close();
  }
}

if (process.send && process.env.BENCH_LOG) await consume();
