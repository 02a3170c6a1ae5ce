import { setFlagsFromString } from 'node:v8';
import { runMain, stopOnSignal } from '@myriad/config';
import { DEFAULT_LIMITS, closeDoors, createHttpApp, openAdminDoor, openTls, verifierFromFile } from '@myriad/http';
import { ensureContractTopics, openEventLog } from '@myriad/messaging';
import { openLocalCopies, openObjectStore, type ObjectStore } from '@myriad/storage';
import { createLogger, startTelemetry, type Logger } from '@myriad/telemetry';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule, DetachedRuntimes, type RealtimeParts } from './app.module.js';
import { ApplyPlacement } from './application/apply-placement.js';
import { DiskTier } from './application/disk-tier.js';
import { FindModel } from './application/find-model.js';
import { ManageRepository } from './application/manage-repository.js';
import { ModelCache } from './application/model-cache.js';
import { Predict } from './application/predict.js';
import { realtimeConfig, type RealtimeConfig } from './config.js';
import { GrpcDoor, type GrpcDoorOptions } from './grpc/grpc-door.js';
import { EventForwarder } from './messaging/event-forwarder.js';
import { PlacementTail } from './messaging/placement-tail.js';

const SERVICE = 'realtime';

// V8 puts objects of code that it found to make long-lived ones into the old space from the start. Of a request, where all but a few die at once, each such object keeps the
// rest of its request until a full collection: young collections took 2 to 20 ms instead of half a millisecond, and the p99 of a single client with them
setFlagsFromString('--no-allocation-site-pretenuring');

await runMain(async () => {
  const config = realtimeConfig();
  const logger = createLogger({ service: SERVICE, level: config.LOG_LEVEL });
  const telemetry = await startTelemetry({
    service: SERVICE,
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    sampler: config.OTEL_TRACES_SAMPLER,
    sampleRatio: config.OTEL_TRACES_SAMPLER_ARG,
  });
  const store = await openObjectStore(config);
  const disk = await openDisk(config, store, logger);
  const log = await openEventLog(config, { clientId: SERVICE, logger });
  await ensureContractTopics(log);
  const tls = openTls(config, logger);
  const readiness = [{ name: 'placements', check: (): boolean => app.get(PlacementTail).isReady }];
  const http = { service: SERVICE, logger, telemetry, readiness, limits: { quietMs: config.DRAIN_QUIET_MS } };
  const verifier = await verifierFromFile(config.INTERNAL_JWKS_FILE, `myriad-realtime-${config.ENVIRONMENT}`);
  const app: NestFastifyApplication = await createHttpApp(
    AppModule.with({
      log,
      store,
      disk,
      snapshots: config.SNAPSHOTS ? store : undefined,
      logger,
      settings: settingsOf(config),
    }),
    {
      ...http,
      tls,
      verifier,
    },
  );
  const grpc = config.GRPC_PORT === undefined ? undefined : grpcDoor(app, { verifier, tls, logger });
  const tail = app.get(PlacementTail);
  const events = app.get(EventForwarder);
  await tail.start();
  events.start();
  // who asks a replica that does not know its placements yet is told that there is no such model
  await tail.caughtUpOnce();
  await app.listen(config.PORT, config.HOST);
  const admin = await openAdminDoor(config, http);
  const grpcPort = await grpc?.listen(config.GRPC_PORT ?? 0, config.HOST);
  logger.info({ url: await app.getUrl(), grpcPort, environment: config.ENVIRONMENT, pool: config.POOL }, 'listening');
  stopOnSignal([
    () => grpc?.close() ?? Promise.resolve(),
    () => closeDoors({ app, tls, admin }),
    () => tail.close(),
    () => app.get(ApplyPlacement).close(),
    () => events.close(),
    () => app.get(ModelCache).close(),
    () => app.get(DetachedRuntimes).close(),
    () => disk?.idle() ?? Promise.resolve(),
    () => log.close(),
    () => telemetry.shutdown(),
  ]);
});

function grpcDoor(app: NestFastifyApplication, parts: Pick<GrpcDoorOptions, 'verifier' | 'tls' | 'logger'>): GrpcDoor {
  return new GrpcDoor({
    ...parts,
    drainMs: DEFAULT_LIMITS.drainMs,
    predict: app.get(Predict),
    models: app.get(FindModel),
    repository: app.get(ManageRepository),
    readiness: app.get(PlacementTail),
  });
}

function settingsOf(config: RealtimeConfig): RealtimeParts['settings'] {
  return {
    environment: config.ENVIRONMENT,
    pool: config.POOL,
    replicaId: config.REPLICA_ID,
    maxBytes: config.MEMORY_LIMIT_BYTES,
    tenantFloorBytes: config.TENANT_MEMORY_FLOOR_BYTES,
    tenantCeilingBytes: config.TENANT_MEMORY_CEILING_SHARE * config.MEMORY_LIMIT_BYTES,
    sampleRate: config.SAMPLE_RATE,
    samplesPerSecond: config.SAMPLES_PER_SECOND,
    meterIntervalMs: config.METER_INTERVAL_MS,
    failedLoadRetryMs: config.FAILED_LOAD_RETRY_MS,
    waitingPerTenant: config.TENANT_WAITING,
    maxWaitMs: config.MAX_WAIT_MS,
    inlineMaxBytes: config.INLINE_MAX_BYTES,
    workers: { workers: config.WORKERS, cores: config.WORKER_CORES },
    remote: config.REMOTE_URL === undefined ? undefined : remoteOf(config, config.REMOTE_URL),
  };
}

function remoteOf(config: RealtimeConfig, url: string): NonNullable<RealtimeParts['settings']['remote']> {
  const { REMOTE_TOKEN: token, REMOTE_CA_FILE: caFile, REMOTE_IN_FLIGHT: inFlight } = config;
  return { url, token, caFile, inFlight };
}

/** A folder that can't be used is no reason not to serve. */
async function openDisk(config: RealtimeConfig, store: ObjectStore, logger: Logger): Promise<DiskTier | undefined> {
  const { DISK_CACHE_PATH: root, DISK_CACHE_BYTES: maxBytes } = config;
  if (root === undefined) return undefined;
  try {
    const disk = new DiskTier({ store, copies: await openLocalCopies(store, root), maxBytes, logger });
    void disk.open();
    return disk;
  } catch (error) {
    logger.error({ err: error, root }, 'the disk cache can not be used; all is read from the object store');
    return undefined;
  }
}
