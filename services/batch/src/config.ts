import { httpConfig, internalAuthConfig, loadConfig, telemetryConfig } from '@myriad/config';
import { eventLogConfig } from '@myriad/messaging';
import { databaseConfig } from '@myriad/persistence';
import { objectStoreConfig } from '@myriad/storage';
import { z } from 'zod';

export const batchConfigSchema = z.object({
  ...httpConfig,
  ...internalAuthConfig,
  ...telemetryConfig,
  ...databaseConfig,
  ...eventLogConfig,
  ...objectStoreConfig,
  STATE_FOLDER: z.string().min(1).describe('folder for Parquet files in the making; room for twice the largest output'),
  BATCH_WORKERS: z.coerce.number().int().min(1).max(16).default(2).describe('jobs that run side by side, 1–16'),
});

export type BatchConfig = z.output<typeof batchConfigSchema>;

/** @throws {ConfigError} with every fault. */
export function batchConfig(): BatchConfig {
  return loadConfig(batchConfigSchema);
}
