import { httpConfig, loadConfig, telemetryConfig } from '@myriad/config';
import { objectStoreConfig } from '@myriad/storage';
import { z } from 'zod';

export const objectsConfigSchema = z.object({ ...httpConfig, ...telemetryConfig, ...objectStoreConfig });

export type ObjectsConfig = z.output<typeof objectsConfigSchema>;

/** @throws {ConfigError} with every fault. */
export function objectsConfig(): ObjectsConfig {
  return loadConfig(objectsConfigSchema);
}
