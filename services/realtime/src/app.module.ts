import { systemClock, type Clock } from '@myriad/kernel';
import { eventPublisher, type EventLog, type SnapshotStore } from '@myriad/messaging';
import type { ObjectStore } from '@myriad/storage';
import { observedCounter, observedGauge, type Logger } from '@myriad/telemetry';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ApplyPlacement } from './application/apply-placement.js';
import type { DiskTier } from './application/disk-tier.js';
import { ChooseRuntime } from './application/choose-runtime.js';
import { ExplainServing } from './application/explain-serving.js';
import { FairTurns } from './application/fair-turns.js';
import { FindModel } from './application/find-model.js';
import { InTurn } from './application/in-turn.js';
import { LoadHistory } from './application/load-history.js';
import { LoadOnnxModel } from './application/load-onnx-model.js';
import { ManageRepository } from './application/manage-repository.js';
import { MirrorPredictions } from './application/mirror-predictions.js';
import { ModelCache } from './application/model-cache.js';
import { MoveLongRuns } from './application/move-long-runs.js';
import { Predict } from './application/predict.js';
import { Readiness } from './application/readiness.port.js';
import { ModelStatistics } from './domain/model-statistics.js';
import { RoutingTable } from './domain/routing-table.js';
import { SampleQuota } from './domain/sample-quota.js';
import { TrialComparisons } from './domain/trial-comparisons.js';
import { UsageLedger } from './domain/usage-ledger.js';
import { InferenceRoutes } from './http/inference.routes.js';
import { ModelController } from './http/model.controller.js';
import { RepositoryController } from './http/repository.controller.js';
import { ServerController } from './http/server.controller.js';
import { REPLICA_ID, ServingController } from './http/serving.controller.js';
import { EventForwarder } from './messaging/event-forwarder.js';
import { PlacementTail } from './messaging/placement-tail.js';
import { RemoteRuntime } from './remote/remote-runtime.js';
import { RemoteServer, type RemoteServerOptions } from './remote/remote-server.js';
import { WorkerRuntime, type WorkerRuntimeOptions } from './workers/worker-runtime.js';

/** What is made outside of the module: by `main.ts`, or by a test. */
export interface RealtimeParts {
  readonly log: EventLog;
  readonly store: Pick<ObjectStore, 'getBytes'>;
  /** Copies on this machine, if any are kept. */
  readonly disk?: DiskTier | undefined;
  /** Where snapshots of the placements are, if they are to be begun with. */
  readonly snapshots?: SnapshotStore | undefined;
  readonly logger: Logger;
  readonly settings: {
    readonly environment: string;
    readonly pool: string;
    readonly replicaId: string;
    /** Memory that models may take, bytes. */
    readonly maxBytes: number;
    /** What a tenant's models keep of it while others have more than theirs, bytes. */
    readonly tenantFloorBytes?: number;
    /** A tenant with more than this gives way first, bytes. */
    readonly tenantCeilingBytes?: number;
    readonly sampleRate: number;
    readonly samplesPerSecond: number;
    readonly meterIntervalMs: number;
    readonly failedLoadRetryMs: number;
    /** Requests of a tenant that may wait. Default 256. */
    readonly waitingPerTenant?: number;
    /** Nothing is taken on while what waits takes longer, milliseconds. Default 1,000. */
    readonly maxWaitMs?: number;
    /** Larger files run in worker threads, bytes. Default 1 MiB. */
    readonly inlineMaxBytes?: number;
    readonly workers?: Pick<WorkerRuntimeOptions, 'workers' | 'cores' | 'program'>;
    /** Another server that runs all models of the pool. */
    readonly remote?: (RemoteServerOptions & { readonly inFlight: number }) | undefined;
  };
  readonly clock?: Clock;
  /** Uniform in [0, 1); decides what is sampled. */
  readonly random?: () => number;
}

const INLINE_MAX_BYTES = 1_048_576;

function compose(parts: RealtimeParts): Provider[] {
  const { log, store, disk, snapshots, logger, settings, clock = systemClock, random } = parts;
  const { replicaId, maxBytes, tenantFloorBytes = 0, tenantCeilingBytes = maxBytes } = settings;
  const [history, statistics] = [new LoadHistory(), new ModelStatistics()];
  const table = new RoutingTable(settings.environment, settings.pool);
  const usage = new UsageLedger(clock.nowMs());
  const [shadowUsage, comparisons] = [new UsageLedger(clock.nowMs()), new TrialComparisons()];
  const { waitingPerTenant = 256, maxWaitMs = 1_000 } = settings;
  const runtimes = runtimesOf(parts, { bytes: disk ?? store, logger, line: { waitingPerTenant, maxWaitMs, clock } });
  const inline = new LoadOnnxModel(store, maxBytes, disk);
  const loader = new ChooseRuntime({
    inline,
    workers: runtimes.workers,
    remote: runtimes.remote,
    inlineMaxBytes: settings.inlineMaxBytes ?? INLINE_MAX_BYTES,
  });
  const cache = new ModelCache(
    loader,
    { maxBytes, tenantFloorBytes, tenantCeilingBytes, retryAfterMs: settings.failedLoadRetryMs },
    clock,
    history,
  );
  const [publish, intervalMs] = [eventPublisher(log), settings.meterIntervalMs];
  const events = new EventForwarder({ publish, usage, shadowUsage, clock, logger, replicaId, intervalMs });
  const placements = new ApplyPlacement({ table, cache, events, comparisons, clock, logger, replicaId });
  const tail = new PlacementTail({ log, snapshots, placements, logger });
  const models = new FindModel(table, cache, clock);
  const turns = new FairTurns({ waitingPerTenant, maxWaitMs, clock });
  const mirror = new MirrorPredictions({ table, cache, statistics, usage: shadowUsage, comparisons });
  const quota = new SampleQuota(settings.sampleRate, settings.samplesPerSecond, random);
  const longRuns = new MoveLongRuns(statistics, loader, cache);
  observe(cache, events);
  observeHost(inline);
  observeTurns(turns);
  observeRuntimes(runtimes);
  observeDisk(disk);
  return [
    { provide: ModelCache, useValue: cache },
    { provide: DetachedRuntimes, useValue: runtimes },
    { provide: EventForwarder, useValue: events },
    { provide: ApplyPlacement, useValue: placements },
    { provide: PlacementTail, useValue: tail },
    { provide: Readiness, useExisting: PlacementTail },
    { provide: FindModel, useValue: models },
    {
      provide: ExplainServing,
      useValue: new ExplainServing({ models, table, cache, loader, history, statistics, comparisons }),
    },
    { provide: REPLICA_ID, useValue: replicaId },
    {
      provide: Predict,
      useValue: new Predict({
        inTurn: new InTurn(models, turns),
        ...{ usage, statistics, quota, events, clock, longRuns, mirror },
      }),
    },
    InferenceRoutes,
    { provide: ManageRepository, useValue: new ManageRepository({ table, models, cache, statistics }) },
  ];
}

function observe(cache: ModelCache, events: EventForwarder): void {
  observedGauge('myriad_realtime_models', 'Versions in memory', () => cache.state.models);
  observedGauge('myriad_realtime_model_bytes', 'Memory that versions are counted with', () => cache.state.bytes);
  observedCounter('myriad_realtime_loads_total', 'Versions brought into memory', () => cache.state.loads);
  observedCounter('myriad_realtime_load_failures_total', 'Loads that failed', () => cache.state.failures);
  observedCounter('myriad_realtime_evictions_total', 'Versions pushed out by others', () => cache.state.evictions);
  observedCounter('myriad_realtime_samples_dropped_total', 'Samples that found no room', () => events.droppedSamples);
}

function observeHost(loader: LoadOnnxModel): void {
  observedGauge('myriad_realtime_skeletons', 'Graphs that models share, ready to run', () => loader.state.skeletons);
  observedGauge('myriad_realtime_slab_bytes', 'Memory reserved for weights', () => loader.state.slabBytes);
}

function observeTurns(turns: FairTurns): void {
  observedGauge('myriad_realtime_waiting', 'Requests that wait for their turn', () => turns.state.waiting);
  for (const [count, what] of [
    ['refused', 'Requests refused because too much was waiting'],
    ['expired', 'Requests whose deadline passed before their turn'],
    ['left', 'Requests whose client left before their turn'],
  ] as const)
    observedCounter(`myriad_realtime_${count}_total`, what, () => turns.state[count]);
}

function observeRuntimes({ workers, remote }: DetachedRuntimes): void {
  if (remote !== undefined) observeRemote(remote);
  observedGauge('myriad_realtime_worker_models', 'Versions in worker threads', () => workers.state.models);
  observedGauge(
    'myriad_realtime_worker_waiting',
    'Requests that wait for a worker thread',
    () => workers.state.waiting,
  );
  for (const [count, what] of [
    ['runs', 'Runs in worker threads'],
    ['ran', 'Requests that ran in worker threads'],
    ['refused', 'Requests refused because too much waited for worker threads'],
    ['expired', 'Requests to worker threads whose deadline passed'],
    ['left', 'Requests to worker threads whose client left'],
    ['lost', 'Worker threads that ended and were replaced'],
  ] as const)
    observedCounter(`myriad_realtime_worker_${count}_total`, what, () => workers.state[count]);
}

function observeRemote(remote: RemoteRuntime): void {
  observedGauge(
    'myriad_realtime_remote_waiting',
    'Requests that wait for the remote server',
    () => remote.state.waiting,
  );
  observedGauge('myriad_realtime_remote_running', 'Calls of the remote server', () => remote.state.running);
  for (const [count, what] of [
    ['ran', 'Calls that the remote server ended'],
    ['refused', 'Requests refused because too much waited for the remote server'],
    ['retries', 'Calls made again'],
  ] as const)
    observedCounter(`myriad_realtime_remote_${count}_total`, what, () => remote.state[count]);
}

function observeDisk(disk: DiskTier | undefined): void {
  if (disk === undefined) return;
  observedGauge('myriad_realtime_disk_bytes', 'Copies of artifacts on disk', () => disk.state.bytes);
  for (const [count, what] of [
    ['hits', 'Reads that a copy on disk answered'],
    ['misses', 'Reads that the object store answered'],
    ['damaged', 'Copies that could not be read'],
    ['unwritten', 'Copies that could not be written'],
  ] as const)
    observedCounter(`myriad_realtime_disk_${count}_total`, what, () => disk.state[count]);
}

function runtimesOf(
  { settings, clock = systemClock }: RealtimeParts,
  shared: Pick<WorkerRuntimeOptions, 'bytes' | 'logger' | 'line'>,
): DetachedRuntimes {
  const workers = new WorkerRuntime({ ...shared, ...settings.workers });
  if (settings.remote === undefined) return new DetachedRuntimes(workers, undefined);
  const { inFlight, ...server } = settings.remote;
  const remote = new RemoteRuntime({ ...shared, clock, server: new RemoteServer(server), inFlight });
  return new DetachedRuntimes(workers, remote);
}

/** What runs models beside the one thread; ends with the process. */
export class DetachedRuntimes {
  constructor(
    readonly workers: WorkerRuntime,
    readonly remote: RemoteRuntime | undefined,
  ) {}

  async close(): Promise<void> {
    this.remote?.close();
    await this.workers.close();
  }
}

@Module({
  controllers: [ModelController, RepositoryController, ServerController, ServingController],
})
export class AppModule {
  static with(parts: RealtimeParts): DynamicModule {
    return { module: AppModule, providers: compose(parts) };
  }
}
