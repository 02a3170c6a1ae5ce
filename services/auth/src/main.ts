import { ConfigError, runMain, secretFile, stopOnSignal } from '@myriad/config';
import { createHttpApp, verifierFromFile } from '@myriad/http';
import { EventLogServer, connectEventServer, ensureContractTopics, openEventLog } from '@myriad/messaging';
import { IdempotencyStore, OutboxRelay, UnitOfWork } from '@myriad/persistence';
import { createLogger, startTelemetry } from '@myriad/telemetry';
import { AppModule, type AuthParts } from './app.module.js';
import { BootstrapPlatform } from './application/bootstrap-platform.js';
import { RepublishPrincipals } from './application/republish-principals.js';
import { authConfig, type AuthConfig } from './config.js';
import { openAuthDatabase } from './persistence/auth-database.js';

const SERVICE = 'auth';

await runMain(async () => {
  const config = authConfig();
  const settings = settingsOf(config);
  const logger = createLogger({ service: SERVICE, level: config.LOG_LEVEL });
  const telemetry = await startTelemetry({
    service: SERVICE,
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    sampleRatio: config.TRACE_SAMPLE_RATIO,
  });
  const database = await openAuthDatabase({
    url: config.DATABASE_URL,
    migrationUrl: config.DATABASE_MIGRATION_URL,
    poolSize: config.DATABASE_POOL_SIZE,
    logger,
  });
  const log = await openEventLog(config, { clientId: SERVICE, logger });
  await ensureContractTopics(log);
  const relay = new OutboxRelay({ database, append: (records) => log.append(records), logger });
  const app = await createHttpApp(AppModule.with({ database, logger, settings }), {
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
  if (await app.get(BootstrapPlatform).execute())
    logger.info({ file: config.BOOTSTRAP_KEY_FILE }, "first start: the administrator's key is in BOOTSTRAP_KEY_FILE");
  await app.get(RepublishPrincipals).execute();
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
function settingsOf(config: AuthConfig): AuthParts['settings'] {
  const sealingSecret = secretFile(config.SIGNING_KEY_ENCRYPTION_FILE, 'SIGNING_KEY_ENCRYPTION_FILE');
  if (sealingSecret.length < 16)
    throw new ConfigError([{ variable: 'SIGNING_KEY_ENCRYPTION_FILE', message: 'holds less than 16 characters' }]);
  return {
    tokenLifeSeconds: config.TOKEN_LIFE_SECONDS,
    signingKeyDelayMs: config.SIGNING_KEY_DELAY_MS,
    bootstrapKeyFile: config.BOOTSTRAP_KEY_FILE,
    sealingSecret,
    sweepIntervalMs: config.SWEEP_INTERVAL_MS,
  };
}
