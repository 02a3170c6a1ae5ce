import {
  type SignalledProcess,
  type httpConfig,
  type internalAuthConfig,
  secretReader,
  stopOnSignal,
  type telemetryConfig,
} from '@myriad/config';
import { eventsByType } from '@myriad/contracts';
import { type ReadinessCheck, closeDoors, createHttpApp, openAdminDoor, openTls, verifierFromFile } from '@myriad/http';
import {
  type EventLog,
  type EventLogConfig,
  EventLogServer,
  SnapshotWriter,
  appendTraced,
  connectEventServer,
  ensureContractTopics,
  openEventLog,
} from '@myriad/messaging';
import {
  type Database,
  type DatabaseOptions,
  IdempotencyStore,
  OutboxRelay,
  UnitOfWork,
  type databaseConfig,
} from '@myriad/persistence';
import { type Logger, createLogger, startTelemetry } from '@myriad/telemetry';
import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { z } from 'zod';
import { HealthWatch } from './operations/health-watch.js';
import { withOperations } from './operations/operations.controller.js';
import { Operations } from './operations/operations.js';
import { QueueDepths } from './operations/queue-depths.js';
import type { ServiceSnapshots } from './service-snapshots.js';

type Parsed<S extends z.ZodRawShape> = z.output<z.ZodObject<S>>;

/** What the config of every service with a database holds. */
export type ServiceConfig = EventLogConfig &
  Parsed<typeof httpConfig> &
  Parsed<typeof internalAuthConfig> &
  Parsed<typeof telemetryConfig> &
  Parsed<typeof databaseConfig>;

/** Opens a service's database with its own migrations. */
export type OpenServiceDatabase = (options: Omit<DatabaseOptions, 'entities' | 'migrations'>) => Promise<Database>;

/** What a service's module is made on. */
export interface ServiceBase {
  readonly database: Database;
  readonly log: EventLog;
  readonly logger: Logger;
}

/** What a service adds to what all have. */
export interface Composition {
  readonly module: DynamicModule;
  /** What must hold besides the database and the event log before requests may come. */
  readonly readiness?: readonly ReadinessCheck[];
  /** Work that waits: name → a statement over all tenants that gives `waiting`, a count. Measured every 15 s. */
  readonly queues?: Readonly<Record<string, string>>;
  /** Compacted topics of the service that others begin with: whichever replica relays the outbox writes their snapshots. */
  readonly snapshots?: ServiceSnapshots | undefined;
}

export interface ServiceOptions {
  /** The service's name: in logs, metrics and traces, and its consumer group on the event log. */
  readonly name: string;
  readonly config: ServiceConfig;
  readonly openDatabase: OpenServiceDatabase;
  /** Opens what only this service stands on, and makes its module. */
  readonly compose: (base: ServiceBase) => Composition | Promise<Composition>;
  /** Work to do when the module is made, before the first event or request comes. */
  readonly prepare?: (app: NestFastifyApplication, logger: Logger) => Promise<void>;
  /** Who gives the signals to end. Default this process. */
  readonly process?: SignalledProcess;
}

/**
 * Starts a service with a database; resolves when it listens. On SIGTERM or SIGINT it lets requests and handlers in flight end, closes what
 * they stood on, and exits.
 * @throws what kept a part from opening; `runMain` ends the process on it.
 */
export async function startService(options: ServiceOptions): Promise<void> {
  const { name, config } = options;
  const logger = createLogger({ service: name, level: config.LOG_LEVEL });
  const telemetry = await startTelemetry({
    service: name,
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    sampler: config.OTEL_TRACES_SAMPLER,
    sampleRatio: config.OTEL_TRACES_SAMPLER_ARG,
  });
  const database = await options.openDatabase({
    url: secretReader(config, 'DATABASE_URL'),
    migrationUrl: config.DATABASE_MIGRATION_URL,
    poolSize: config.DATABASE_POOL_SIZE,
    logger,
  });
  const log = await openEventLog(config, { clientId: name, logger });
  await ensureContractTopics(log);
  const relay = new OutboxRelay({ database, append: (records) => appendTraced(log, records), logger });
  const { module, readiness: own = [], queues = {}, snapshots } = await options.compose({ database, log, logger });
  const readiness = [
    { name: 'database', check: () => database.ping() },
    { name: 'event-log', check: () => log.ping() },
    ...own,
  ];
  const events = new EventLogServer({ log, group: name, logger });
  const isLeader = (): boolean => relay.isLeader;
  const writer = snapshots && new SnapshotWriter({ ...snapshots, log, definitions: eventsByType, isLeader, logger });
  const [health, depths] = [new HealthWatch(readiness), new QueueDepths(database, queues)];
  const parts = { service: name, database, log, relay, events, health, depths, snapshots: writer, logger };
  const operations = new Operations(parts);
  const http = { service: name, logger, telemetry, readiness, limits: { quietMs: config.DRAIN_QUIET_MS } };
  const tls = openTls(config, logger);
  const verifier = await verifierFromFile(config.INTERNAL_JWKS_FILE);
  const idempotency = new IdempotencyStore(new UnitOfWork(database));
  const app = await createHttpApp(withOperations(module, operations, name), { ...http, tls, verifier, idempotency });
  connectEventServer(app, events);
  await options.prepare?.(app, logger);
  relay.start();
  health.start();
  depths.start();
  writer?.start();
  await app.startAllMicroservices();
  await app.listen(config.PORT, config.HOST);
  const admin = await openAdminDoor(config, http);
  logger.info({ url: await app.getUrl() }, 'listening');
  stopOnSignal(
    [
      () => closeDoors({ app, tls, admin }),
      () => stopWatching(health, depths),
      () => writer?.close() ?? Promise.resolve(),
      () => relay.stop(),
      () => log.close(),
      () => database.close(),
      () => telemetry.shutdown(),
    ],
    options.process,
  );
}

function stopWatching(...watches: readonly { stop(): void }[]): Promise<void> {
  for (const watch of watches) watch.stop();
  return Promise.resolve();
}
