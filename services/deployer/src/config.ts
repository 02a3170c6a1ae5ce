import { httpConfig, internalAuthConfig, jsonOf, loadConfig, secret, telemetryConfig } from '@myriad/config';
import { eventLogConfig, snapshotWriterConfig } from '@myriad/messaging';
import { databaseConfig } from '@myriad/persistence';
import { objectStoreConfig } from '@myriad/storage';
import { z } from 'zod';
import { poolShapeOf } from './domain/environment.js';

const price = (perWhat: string, micros: number): z.ZodDefault<z.ZodCoercedNumber> =>
  z.coerce.number().min(0).default(micros).describe(`price of ${perWhat}, millionths of the ledger's currency unit`);

export const deployerConfigSchema = z.object({
  ...httpConfig,
  ...internalAuthConfig,
  ...telemetryConfig,
  ...databaseConfig,
  ...eventLogConfig,
  ...objectStoreConfig,
  ...snapshotWriterConfig,
  SUPERVISOR_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'control door of apps/standalone, which runs the replicas; absent: replicas are run by others, at REPLICA_URL_TEMPLATE',
    ),
  SUPERVISOR_TOKEN: secret(z.string().min(1).optional().describe('the token for the control door')),
  REPLICAS_PER_POOL: z.coerce
    .number()
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe('replicas that the supervisor is asked to run for each pool, 1–16'),
  POOL_REMOTE_URLS: z
    .string()
    .default('{}')
    .transform(jsonOf)
    .pipe(
      z.record(
        z.string().refine((pool) => poolShapeOf(pool) !== undefined, 'is no pool: <family>-<size class>'),
        z.url({ protocol: /^grpcs?$/ }),
      ),
    )
    .describe(
      'servers of the Open Inference Protocol that run the models of some pools for the replicas here, as JSON: {"vision-large": "grpc://host:port"}',
    ),
  REPLICA_URL_TEMPLATE: z
    .string()
    .min(1)
    .default('http://realtime:8080')
    .describe('address of a pool that others run; {environment} and {pool} are filled in'),
  REPLICA_GRPC_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('where replicas that others run speak gRPC, 1–65,535; absent: nowhere'),
  ROLLOUT_TIMEOUT_SECONDS: z.coerce
    .number()
    .min(1)
    .max(3600)
    .default(120)
    .describe('a rollout that no replica confirmed within this time fails, 1–3,600'),
  PRICE_PREDICTION_MICROS: price('a prediction request', 2),
  PRICE_PREDICTION_ROW_MICROS: price('a predicted row', 1),
  PRICE_BATCH_ROW_MICROS: price('a row scored in a batch', 0.2),
  PRICE_TRAINING_SECOND_MICROS: price('a second of training', 50),
  PRICE_MODEL_HOUR_MICROS: price('an hour of a placed model', 10),
});

export type DeployerConfig = z.output<typeof deployerConfigSchema>;

/** @throws {ConfigError} with every fault. */
export function deployerConfig(): DeployerConfig {
  return loadConfig(deployerConfigSchema);
}
