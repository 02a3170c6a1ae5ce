import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@myriad/config';
import { eventLogConfig, openEventLog, tailFromSnapshots, writeTopicSnapshot } from '@myriad/messaging';
import { FileObjectStore } from '@myriad/storage';
import { z } from 'zod';

const TOPIC = { name: 'myriad.bench.compacted.v1', partitions: 8, cleanup: 'compact' };
const KEYS = Number(process.env.BENCH_KEYS ?? 1_000_000);
/** What comes until the next snapshot is due: SNAPSHOT_AFTER_RECORDS. */
const CHANGES = Math.min(KEYS, 50_000);
const PER_CALL = 2_000;

async function secondsUntilReady(log, open) {
  const state = new Map();
  const fromMs = performance.now();
  const tail = await open({ topics: [TOPIC.name], onRecord: ({ key, value }) => void state.set(key, value) });
  await tail.caughtUp;
  const seconds = (performance.now() - fromMs) / 1_000;
  await tail.close();
  if (state.size !== KEYS) throw new Error(`${KEYS} keys were made and ${state.size} read`);
  return seconds;
}

async function appendKeys(log, count) {
  const value = Buffer.from(JSON.stringify({ pool: 'tabular-small', note: 'x'.repeat(300) }));
  for (let n = 0; n < count; n += PER_CALL)
    await log.append(
      Array.from({ length: Math.min(PER_CALL, count - n) }, (_, i) => ({
        topic: TOPIC.name,
        key: `tenant-${(n + i) % 5_000}/model-${n + i}`,
        value,
        headers: { ce_type: 'bench.placement-changed.v1' },
      })),
    );
}

/** How soon a new consumer holds the newest record of each of 10⁶ keys: from the topic's start, and from a snapshot and what came since. */
export async function compactedTopic(figures, brokers) {
  const log = await openEventLog(loadConfig(z.object(eventLogConfig), { EVENT_LOG: 'kafka', KAFKA_BROKERS: brokers }));
  const folder = mkdtempSync(join(tmpdir(), 'myriad-bench-snapshots-'));
  try {
    const store = await FileObjectStore.open({ root: folder });
    await log.ensureTopics([TOPIC]);
    await appendKeys(log, KEYS);
    const fromMs = performance.now();
    await writeTopicSnapshot({ log, topic: TOPIC.name, store });
    figures.add({ name: 'writing the snapshot', value: (performance.now() - fromMs) / 1_000, unit: 's' });
    await appendKeys(log, CHANGES);
    const whole = await secondsUntilReady(log, (options) => log.tail(options));
    const fromSnapshot = await secondsUntilReady(log, (options) => tailFromSnapshots(log, { ...options, store }));
    figures.add({
      name: `compacted topic of ${KEYS} keys to a ready consumer, snapshot and tail`,
      value: fromSnapshot,
      unit: 's',
      reference: whole,
      bar: { atMost: 15 },
    });
  } finally {
    await log.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
