import { httpConfig, internalAuthConfig, loadConfig, telemetryConfig } from '@myriad/config';
import { eventLogConfig } from '@myriad/messaging';
import { databaseConfig } from '@myriad/persistence';
import { objectStoreConfig } from '@myriad/storage';
import { z } from 'zod';

export const registryConfigSchema = z.object({
  ...httpConfig,
  ...internalAuthConfig,
  ...telemetryConfig,
  ...databaseConfig,
  ...eventLogConfig,
  ...objectStoreConfig,
});

export type RegistryConfig = z.output<typeof registryConfigSchema>;

/** @throws {ConfigError} with every fault. */
export function registryConfig(): RegistryConfig {
  return loadConfig(registryConfigSchema);
}
