import { ConfigError, runMain, secretFile, stopOnSignal } from '@myriad/config';
import { createHttpApp, verifierFromFile } from '@myriad/http';
import { EventLogServer, connectEventServer, ensureContractTopics, openEventLog } from '@myriad/messaging';
import { IdempotencyStore, OutboxRelay, UnitOfWork } from '@myriad/persistence';
import { createLogger, startTelemetry } from '@myriad/telemetry';
import { ExternalCapacity } from './adapters/external/external-capacity.js';
import { SupervisorCapacity } from './adapters/supervisor/supervisor-capacity.js';
import { AppModule } from './app.module.js';
import type { ServingCapacity } from './application/ports.js';
import { type DeployerConfig, deployerConfig } from './config.js';
import type { Prices } from './domain/cost.js';
import { openDeployerDatabase } from './persistence/deployer-database.js';

const SERVICE = 'deployer';
const CAPACITY_TIMEOUT_MS = 5000;

await runMain(async () => {
  const config = deployerConfig();
  const capacity = capacityOf(config);
  const logger = createLogger({ service: SERVICE, level: config.LOG_LEVEL });
  const telemetry = await startTelemetry({
    service: SERVICE,
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    sampleRatio: config.TRACE_SAMPLE_RATIO,
  });
  const database = await openDeployerDatabase({
    url: config.DATABASE_URL,
    migrationUrl: config.DATABASE_MIGRATION_URL,
    poolSize: config.DATABASE_POOL_SIZE,
    logger,
  });
  const log = await openEventLog(config, { clientId: SERVICE, logger });
  await ensureContractTopics(log);
  const relay = new OutboxRelay({ database, append: (records) => log.append(records), logger });
  const parts = {
    database,
    logger,
    capacity,
    prices: pricesOf(config),
    rolloutTimeoutMs: config.ROLLOUT_TIMEOUT_SECONDS * 1000,
  };
  const app = await createHttpApp(AppModule.with(parts), {
    service: SERVICE,
    logger,
    telemetry,
    verifier: await verifierFromFile(config.INTERNAL_JWKS_FILE),
    idempotency: new IdempotencyStore(new UnitOfWork(database)),
    readiness: [
      { name: 'database', check: () => database.ping() },
      { name: 'event-log', check: () => log.ping() },
    ],
  });
  connectEventServer(app, new EventLogServer({ log, group: SERVICE, logger }));
  relay.start();
  await app.startAllMicroservices();
  await app.listen(config.PORT, config.HOST);
  logger.info({ url: await app.getUrl() }, 'listening');
  stopOnSignal([
    () => app.close(),
    () => relay.stop(),
    () => log.close(),
    () => database.close(),
    () => telemetry.shutdown(),
  ]);
});

/** @throws {ConfigError} */
function capacityOf(config: DeployerConfig): ServingCapacity {
  if (config.SUPERVISOR_URL === undefined) return new ExternalCapacity(config.REPLICA_URL_TEMPLATE);
  if (config.SUPERVISOR_TOKEN_FILE === undefined)
    throw new ConfigError([{ variable: 'SUPERVISOR_TOKEN_FILE', message: 'is needed with SUPERVISOR_URL' }]);
  const token = secretFile(config.SUPERVISOR_TOKEN_FILE, 'SUPERVISOR_TOKEN_FILE');
  return new SupervisorCapacity({ url: config.SUPERVISOR_URL, token, timeoutMs: CAPACITY_TIMEOUT_MS });
}

function pricesOf(config: DeployerConfig): Prices {
  return {
    predictions: config.PRICE_PREDICTION_MICROS,
    'prediction-rows': config.PRICE_PREDICTION_ROW_MICROS,
    'batch-rows': config.PRICE_BATCH_ROW_MICROS,
    'training-cpu': config.PRICE_TRAINING_SECOND_MICROS,
    'model-hours': config.PRICE_MODEL_HOUR_MICROS,
  };
}
