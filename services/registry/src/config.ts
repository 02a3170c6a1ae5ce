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
  ORPHAN_GRACE_SECONDS: z.coerce
    .number()
    .int()
    .min(15)
    .max(2_592_000)
    .default(86_400)
    .describe(
      'how long an object may be there before a row names it, 15-2,592,000 s; longer than any upload takes to its row',
    ),
  ORPHAN_SWEEP_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(3_600)
    .describe('between two looks for objects that no row names, 1-86,400 s'),
});

export type RegistryConfig = z.output<typeof registryConfigSchema>;

/** @throws {ConfigError} with every fault. */
export function registryConfig(): RegistryConfig {
  return loadConfig(registryConfigSchema);
}
