import { ConfigError, runMain } from '@myriad/config';
import { placementChangedV1, poolChangedV1 } from '@myriad/contracts';
import { openTls } from '@myriad/http';
import { serviceSnapshots, startService } from '@myriad/service';
import { createLogger } from '@myriad/telemetry';
import { ExternalCapacity } from './adapters/external/external-capacity.js';
import { SupervisorCapacity } from './adapters/supervisor/supervisor-capacity.js';
import { AppModule } from './app.module.js';
import type { ServingCapacity } from './application/ports.js';
import { type DeployerConfig, deployerConfig } from './config.js';
import type { Prices } from './domain/cost.js';
import { openDeployerDatabase } from './persistence/deployer-database.js';

const CAPACITY_TIMEOUT_MS = 5000;
/** Topics that gateways and serving processes begin with. */
const FOLLOWED = [placementChangedV1, poolChangedV1].map(({ topic }) => topic);

await runMain(() => {
  const config = deployerConfig();
  const capacity = capacityOf(config);
  return startService({
    name: 'deployer',
    config,
    openDatabase: openDeployerDatabase,
    compose: async ({ database, logger }) => ({
      snapshots: await serviceSnapshots(config, FOLLOWED),
      module: AppModule.with({
        database,
        logger,
        capacity,
        prices: pricesOf(config),
        rolloutTimeoutMs: config.ROLLOUT_TIMEOUT_SECONDS * 1000,
        // others run as many as they like behind one address
        replicasPerPool: config.SUPERVISOR_URL === undefined ? 1 : config.REPLICAS_PER_POOL,
      }),
    }),
  });
});

/** @throws {ConfigError} */
function capacityOf(config: DeployerConfig): ServingCapacity {
  if (config.SUPERVISOR_URL === undefined) return externalCapacity(config);
  const { SUPERVISOR_TOKEN: token } = config;
  if (token === undefined)
    throw new ConfigError([{ variable: 'SUPERVISOR_TOKEN', message: 'is needed with SUPERVISOR_URL' }]);
  return new SupervisorCapacity({
    url: config.SUPERVISOR_URL,
    token,
    timeoutMs: CAPACITY_TIMEOUT_MS,
    remoteUrls: config.POOL_REMOTE_URLS,
  });
}

/** With TLS, it asks replicas with a certificate of its own; whoever gives it the files rotates them for both. */
function externalCapacity(config: DeployerConfig): ServingCapacity {
  const tls = openTls(config, createLogger({ service: 'deployer', level: config.LOG_LEVEL }));
  if (tls !== undefined && !config.REPLICA_URL_TEMPLATE.startsWith('https:'))
    throw new ConfigError([{ variable: 'REPLICA_URL_TEMPLATE', message: 'must be https with TLS_CERT_FILE' }]);
  return new ExternalCapacity(config.REPLICA_URL_TEMPLATE, { grpcPort: config.REPLICA_GRPC_PORT, tls: tls?.files });
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
