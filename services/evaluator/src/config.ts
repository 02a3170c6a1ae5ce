import { httpConfig, internalAuthConfig, loadConfig, telemetryConfig } from '@myriad/config';
import { eventLogConfig } from '@myriad/messaging';
import { databaseConfig } from '@myriad/persistence';
import { objectStoreConfig } from '@myriad/storage';
import { z } from 'zod';

export const evaluatorConfigSchema = z.object({
  ...httpConfig,
  ...internalAuthConfig,
  ...telemetryConfig,
  ...databaseConfig,
  ...eventLogConfig,
  ...objectStoreConfig,
});

export type EvaluatorConfig = z.output<typeof evaluatorConfigSchema>;

/** @throws {ConfigError} with every fault. */
export function evaluatorConfig(): EvaluatorConfig {
  return loadConfig(evaluatorConfigSchema);
}
