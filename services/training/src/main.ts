import { join } from 'node:path';
import { runMain, stopOnSignal } from '@myriad/config';
import { createHttpApp, verifierFromFile } from '@myriad/http';
import { EventLogServer, connectEventServer, ensureContractTopics, openEventLog } from '@myriad/messaging';
import { IdempotencyStore, OutboxRelay, UnitOfWork } from '@myriad/persistence';
import { openObjectStore } from '@myriad/storage';
import { createLogger, startTelemetry } from '@myriad/telemetry';
import { AppModule } from './app.module.js';
import { ProcessJobRunner } from './adapters/process/process-job-runner.js';
import { jobEnvironment, trainingConfig } from './config.js';
import { openTrainingDatabase } from './persistence/training-database.js';

const SERVICE = 'training';

await runMain(async () => {
  const config = trainingConfig();
  const logger = createLogger({ service: SERVICE, level: config.LOG_LEVEL });
  const telemetry = await startTelemetry({
    service: SERVICE,
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    sampleRatio: config.TRACE_SAMPLE_RATIO,
  });
  const database = await openTrainingDatabase({
    url: config.DATABASE_URL,
    migrationUrl: config.DATABASE_MIGRATION_URL,
    poolSize: config.DATABASE_POOL_SIZE,
    logger,
  });
  const log = await openEventLog(config, { clientId: SERVICE, logger });
  await ensureContractTopics(log);
  const store = await openObjectStore(config);
  const runner = new ProcessJobRunner({
    python: config.MYRIAD_PYTHON,
    folder: join(config.STATE_FOLDER, 'jobs'),
    environment: jobEnvironment(config),
    objects: store,
  });
  const relay = new OutboxRelay({ database, append: (records) => log.append(records), logger });
  const app = await createHttpApp(
    AppModule.with({ database, store, logger, runner, maxParallelJobs: config.MAX_PARALLEL_JOBS }),
    {
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
    },
  );
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
