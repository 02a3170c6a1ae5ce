import { mkdir } from 'node:fs/promises';
import { runMain, stopOnSignal } from '@myriad/config';
import { createHttpApp, verifierFromFile } from '@myriad/http';
import { EventLogServer, connectEventServer, ensureContractTopics, openEventLog } from '@myriad/messaging';
import { IdempotencyStore, OutboxRelay, UnitOfWork } from '@myriad/persistence';
import { openObjectStore } from '@myriad/storage';
import { createLogger, startTelemetry } from '@myriad/telemetry';
import { AppModule } from './app.module.js';
import { batchConfig } from './config.js';
import { openBatchDatabase } from './persistence/batch-database.js';

const SERVICE = 'batch';

await runMain(async () => {
  const config = batchConfig();
  const logger = createLogger({ service: SERVICE, level: config.LOG_LEVEL });
  const telemetry = await startTelemetry({
    service: SERVICE,
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    sampleRatio: config.TRACE_SAMPLE_RATIO,
  });
  const database = await openBatchDatabase({
    url: config.DATABASE_URL,
    migrationUrl: config.DATABASE_MIGRATION_URL,
    poolSize: config.DATABASE_POOL_SIZE,
    logger,
  });
  const log = await openEventLog(config, { clientId: SERVICE, logger });
  await ensureContractTopics(log);
  const store = await openObjectStore(config);
  await mkdir(config.STATE_FOLDER, { recursive: true });
  const relay = new OutboxRelay({ database, append: (records) => log.append(records), logger });
  const app = await createHttpApp(AppModule.with({ database, store, scratchFolder: config.STATE_FOLDER, logger }), {
    service: SERVICE,
    logger,
    telemetry,
    verifier: await verifierFromFile(config.INTERNAL_JWKS_FILE),
    idempotency: new IdempotencyStore(new UnitOfWork(database)),
    readiness: [
      { name: 'database', check: () => database.ping() },
      { name: 'event-log', check: () => log.ping() },
      { name: 'object-store', check: () => store.ping() },
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
