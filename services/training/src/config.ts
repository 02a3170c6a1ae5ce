import { httpConfig, internalAuthConfig, loadConfig, telemetryConfig } from '@myriad/config';
import { eventLogConfig } from '@myriad/messaging';
import { databaseConfig } from '@myriad/persistence';
import { objectStoreConfig } from '@myriad/storage';
import { z } from 'zod';

export const trainingConfigSchema = z.object({
  ...httpConfig,
  ...internalAuthConfig,
  ...telemetryConfig,
  ...databaseConfig,
  ...eventLogConfig,
  ...objectStoreConfig,
  MYRIAD_PYTHON: z
    .string()
    .min(1)
    .default('python3')
    .describe('Python interpreter that has the `myriad` package and what recipes import'),
  MYRIAD_PYTHONPATH: z.string().optional().describe('PYTHONPATH of the job processes'),
  STATE_FOLDER: z.string().min(1).describe('folder for work in progress; a job needs room for its artifacts'),
  MAX_PARALLEL_JOBS: z.coerce.number().int().min(1).max(64).default(2).describe('processes at a time, 1–64'),
});

export type TrainingConfig = z.output<typeof trainingConfigSchema>;

/** @throws {ConfigError} with every fault. */
export function trainingConfig(): TrainingConfig {
  return loadConfig(trainingConfigSchema);
}

/** What a job's process sees of this process's environment: where programs are, and no secret. */
export function jobEnvironment(config: TrainingConfig): Readonly<Record<string, string>> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LANG: 'C.UTF-8',
    PYTHONDONTWRITEBYTECODE: '1',
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
    ...(config.MYRIAD_PYTHONPATH === undefined ? {} : { PYTHONPATH: config.MYRIAD_PYTHONPATH }),
  };
}
