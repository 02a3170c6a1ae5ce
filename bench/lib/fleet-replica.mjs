// A replica of `realtime` as its main.ts composes it, in a process of its own, with the placements of a made-up fleet: from their snapshot in a folder. Tells its parent how long it took and what it takes.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { createHttpApp } from '@myriad/http';
import { PLATFORM_TENANT } from '@myriad/kernel';
import { FileObjectStore, openLocalCopies, S3ObjectStore } from '@myriad/storage';
import { createLogger } from '@myriad/telemetry';
import { AppModule } from '../../services/realtime/dist/app.module.js';
import { ApplyPlacement } from '../../services/realtime/dist/application/apply-placement.js';
import { DiskTier } from '../../services/realtime/dist/application/disk-tier.js';
import { ModelCache } from '../../services/realtime/dist/application/model-cache.js';
import { EventForwarder } from '../../services/realtime/dist/messaging/event-forwarder.js';
import { PlacementTail } from '../../services/realtime/dist/messaging/placement-tail.js';
import { MadeUpFleet, MadeUpLog, tenantOf } from './made-up-fleet.mjs';

const DAY_MS = 86_400_000;
// as main.ts does
setFlagsFromString('--no-allocation-site-pretenuring');

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

/** The bucket of a fleet. Its skeleton is there once and not once a tenant: the process reads it once. */
async function openBucket(fleet, options) {
  const s3 = await S3ObjectStore.open(options);
  const ownerOf = (tenantId, digest) => (digest === fleet.skeletonDigest ? tenantOf(0) : tenantId);
  return { getBytes: (tenantId, digest, most) => s3.getBytes(ownerOf(tenantId, digest), digest, most) };
}

async function start({ tenants, snapshots, s3, disk: root, maxBytes, diskBytes }) {
  const startedMs = performance.now();
  const fleet = new MadeUpFleet(tenants);
  const log = new MadeUpLog(fleet);
  const logger = createLogger({ service: 'realtime', level: 'warn' });
  const files = await FileObjectStore.open({ root: snapshots });
  const store = s3 === undefined ? fleet.store() : await openBucket(fleet, s3);
  const copies = root === undefined ? undefined : await openLocalCopies(store, root);
  const disk = copies && new DiskTier({ store, copies, maxBytes: diskBytes, logger });
  const openedMs = Promise.resolve(disk?.open()).then(() => performance.now() - startedMs);
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
  const parts = { log, store, disk, snapshots: files, logger, settings };
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
    disk,
    openedMs,
    ready: {
      url: await app.getUrl(),
      // since the process began: what it imports counts
      seconds: readyMs / 1_000,
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
  return { ...process.memoryUsage(), peak: process.resourceUsage().maxRSS * 1_024 };
}

const { app, warm, disk, openedMs, ready } = await start(JSON.parse(process.env.BENCH_REPLICA));
const cache = app.get(ModelCache);
const delay = monitorEventLoopDelay({ resolution: 1 });
const answers = {
  settled,
  memory: async () => memory(),
  state: async () => ({ ...cache.state, disk: disk?.state }),
  /** Resolves when the copies on disk are known: after how long. */
  opened: async () => ({ seconds: (await openedMs) / 1_000 }),
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
