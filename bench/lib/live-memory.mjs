// Preloaded into the services of a soak: tells now and then what is live in this process, after a whole collection of garbage.
// Until then memory is what V8 has not cleared yet, which says nothing about leaks. A line a sample in LIVE_MEMORY_FOLDER/<pid>.jsonl.
import { appendFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = Number(process.env.LIVE_MEMORY_EVERY_MS ?? 30_000);
/** Memory of buffers that a collection found is freed in the background. */
const SWEEP_MS = 1_000;
const folder = process.env.LIVE_MEMORY_FOLDER;
/** services/<name>/dist/main.js */
const service = basename(resolve(process.argv[1], '../..'));

async function sample() {
  globalThis.gc();
  await sleep(SWEEP_MS, undefined, { ref: false });
  globalThis.gc();
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
  const line = {
    service,
    ageMs: process.uptime() * 1_000,
    liveBytes: heapUsed + external,
    nativeBytes: rss - heapTotal - external,
    heapBytes: heapUsed,
    externalBytes: external,
    rssBytes: rss,
  };
  appendFileSync(join(folder, `${process.pid}.jsonl`), `${JSON.stringify(line)}\n`);
}

setInterval(() => void sample(), EVERY_MS).unref();
