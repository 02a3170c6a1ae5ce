import { hostname } from 'node:os';
import { httpConfig, internalAuthConfig, loadConfig, secret, telemetryConfig } from '@myriad/config';
import { fields } from '@myriad/contracts';
import { eventLogConfig, snapshotConfig } from '@myriad/messaging';
import { objectStoreConfig } from '@myriad/storage';
import { z } from 'zod';

export const realtimeConfigSchema = z.object({
  ...httpConfig,
  ...internalAuthConfig,
  ...telemetryConfig,
  ...eventLogConfig,
  ...objectStoreConfig,
  ...snapshotConfig,
  GRPC_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('port of the inference protocol over gRPC, 0–65535; 0 takes a free one; absent: none is opened'),
  ENVIRONMENT: fields.environment.describe('only its placements are served, only its tokens are taken'),
  POOL: fields.name.describe('only placements in this pool are served'),
  REPLICA_ID: fields.id.default(() => `${hostname()}-${process.pid}`).describe('names this process in events'),
  MEMORY_LIMIT_BYTES: z.coerce
    .number()
    .int()
    .min(1_048_576)
    .default(512 * 1_048_576)
    .describe('memory that models may take, bytes ≥ 1 MiB; the process itself needs 100 MB besides'),
  TENANT_MEMORY_FLOOR_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(1_048_576)
    .describe("of that, what a tenant's models keep while others have more than theirs, bytes"),
  TENANT_MEMORY_CEILING_SHARE: z.coerce
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe('a tenant with more than this share of it gives way first when there is no room, 0–1'),
  DISK_CACHE_PATH: z
    .string()
    .min(1)
    .optional()
    .describe('a folder of this process alone for copies of artifacts; absent: all is read from the object store'),
  DISK_CACHE_BYTES: z.coerce
    .number()
    .int()
    .min(1_048_576)
    .default(4 * 1_073_741_824)
    .describe('bytes of all copies, ≥ 1 MiB'),
  SAMPLE_RATE: z.coerce.number().min(0).max(1).default(0.01).describe('share of predictions that are sampled, 0–1'),
  SAMPLES_PER_SECOND: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000)
    .default(50)
    .describe('samples a second at most, 0–1,000'),
  METER_INTERVAL_MS: z.coerce
    .number()
    .int()
    .min(50)
    .max(60_000)
    .default(1_000)
    .describe('pause between two sendings of metered usage, milliseconds, 50–60,000'),
  FAILED_LOAD_RETRY_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(600_000)
    .default(3_000)
    .describe('a version that could not be loaded is not tried again for so long, milliseconds, 0–600,000'),
  TENANT_WAITING: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(256)
    .describe(
      'requests of a tenant that may wait, for a load or their turn, 1–1,000,000; more are refused (429). While others ask, too, a line that is always long is kept at 32',
    ),
  MAX_WAIT_MS: z.coerce
    .number()
    .int()
    .min(1)
    .max(60_000)
    .default(1_000)
    .describe('requests are refused (503) while what waits takes longer than this, milliseconds, 1–60,000'),
  INLINE_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(1_048_576)
    .describe(
      'models with a larger file run in worker threads, bytes; smaller ones on the one thread, in microseconds',
    ),
  WORKERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('worker threads, 1–256; each holds models of its own; absent: one for every two cores'),
  WORKER_CORES: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_024)
    .optional()
    .describe('cores that runs in worker threads use together, 1–1,024; absent: all'),
  REMOTE_URL: z
    .url({ protocol: /^grpcs?$/ })
    .optional()
    .describe(
      'a server of the Open Inference Protocol that runs all models of this pool, grpc://host:port or grpcs://host:port; absent: they run in this process',
    ),
  REMOTE_TOKEN: secret(z.string().min(1).optional().describe('sent to that server as a bearer token')),
  REMOTE_CA_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('PEM certificates of the authorities that a grpcs:// server must be of; absent: those of Node'),
  REMOTE_IN_FLIGHT: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(32)
    .describe('calls of that server under way at the same time, 1–10,000; what comes then waits'),
});

export type RealtimeConfig = z.output<typeof realtimeConfigSchema>;

/** @throws {ConfigError} with every fault. */
export function realtimeConfig(): RealtimeConfig {
  return loadConfig(realtimeConfigSchema);
}
