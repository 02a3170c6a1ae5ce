// A replica of `realtime` as its main.ts composes it, in a process of its own, with the placements of a made-up fleet: from their snapshot in a folder. Tells its parent how long it took and what it takes.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpApp } from '@myriad/http';
import { PLATFORM_TENANT } from '@myriad/kernel';
import { FileObjectStore } from '@myriad/storage';
import { createLogger } from '@myriad/telemetry';
import { AppModule } from '../../services/realtime/dist/app.module.js';
import { ApplyPlacement } from '../../services/realtime/dist/application/apply-placement.js';
import { DiskTier } from '../../services/realtime/dist/application/disk-tier.js';
import { ModelCache } from '../../services/realtime/dist/application/model-cache.js';
import { EventForwarder } from '../../services/realtime/dist/messaging/event-forwarder.js';
import { PlacementTail } from '../../services/realtime/dist/messaging/placement-tail.js';
import { MadeUpFleet, MadeUpLog } from './made-up-fleet.mjs';

const DAY_MS = 86_400_000;

/** Believes a token that is the tenant's name: what tokens cost is another benchmark's. */
const verifier = {
  known: () => undefined,
  verify: (token) =>
    Promise.resolve({
      claims: { env: 'production' },
      tenantId: token,
      principal: { id: `usr_${token}`, kind: 'user', permissions: new Set(['predictions:invoke', 'models:read']) },
      expiresAtMs: Date.now() + DAY_MS,
    }),
};

async function start({ tenants, snapshots, disk: root, maxBytes, diskBytes, storeDelayMs }) {
  const startedMs = performance.now();
  const fleet = new MadeUpFleet(tenants);
  const log = new MadeUpLog(fleet);
  const logger = createLogger({ service: 'realtime', level: 'warn' });
  const files = await FileObjectStore.open({ root: snapshots });
  const objects = fleet.store(storeDelayMs);
  const copies = root === undefined ? undefined : await FileObjectStore.open({ root });
  const disk = copies && new DiskTier({ store: objects, copies, maxBytes: diskBytes, logger });
  await disk?.open();
  const settings = {
    environment: 'production',
    pool: 'tabular-small',
    replicaId: 'r0',
    maxBytes,
    tenantFloorBytes: 0,
    sampleRate: 0,
    samplesPerSecond: 0,
    meterIntervalMs: 1_000,
    failedLoadRetryMs: 3_000,
  };
  const parts = { log, store: objects, disk, snapshots: files, logger, settings };
  const app = await createHttpApp(AppModule.with(parts), { service: 'realtime', logger, verifier });
  const composedMs = performance.now();
  const tail = app.get(PlacementTail);
  await tail.start();
  await tail.caughtUpOnce();
  const readyMs = performance.now();
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  const warm = app
    .get(ApplyPlacement)
    .idle()
    .then(() => (performance.now() - readyMs) / 1_000);
  app.get(EventForwarder).start();
  await app.listen(0, '127.0.0.1');
  return {
    app,
    warm,
    ready: {
      url: await app.getUrl(),
      seconds: (readyMs - startedMs) / 1_000,
      readingSeconds: (readyMs - composedMs) / 1_000,
      cpuSeconds,
    },
  };
}

/** What the process takes once nothing more is to be collected. */
async function settled() {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await sleep(500);
  }
  return memory();
}

function memory() {
  return process.memoryUsage();
}

const { app, warm, ready } = await start(JSON.parse(process.env.BENCH_REPLICA));
const cache = app.get(ModelCache);
const delay = monitorEventLoopDelay({ resolution: 1 });
const answers = {
  settled,
  memory: async () => memory(),
  state: async () => cache.state,
  /** Resolves when all is loaded that has room. */
  warm: async () => ({ seconds: await warm, ...cache.state }),
  reset: async () => {
    delay.reset();
    delay.enable();
  },
  delay: async () => ({ p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6 }),
};
process.once('SIGINT', () => process.exit(0));
process.on('message', async (question) => process.send({ answer: await answers[question]() }));
process.send({ ready: { ...ready, platform: PLATFORM_TENANT, memory: memory() } });
