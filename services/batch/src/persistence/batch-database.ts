import { Database, type DatabaseOptions, infrastructureMigration } from '@myriad/persistence';
import { Batch1700000000001 } from './migrations/1700000000001-batch.js';
import { BatchTries1700000000002 } from './migrations/1700000000002-batch-tries.js';
import { BatchGrants1700000000003 } from './migrations/1700000000003-batch-grants.js';

/** Opens batch's database, migrated. */
export function openBatchDatabase(options: Omit<DatabaseOptions, 'entities' | 'migrations'>): Promise<Database> {
  return Database.open({
    ...options,
    entities: [],
    migrations: [
      infrastructureMigration('batch'),
      Batch1700000000001,
      BatchTries1700000000002,
      BatchGrants1700000000003,
    ],
  });
}

/** What waits for its turn, by name. */
export const batchQueues = {
  'batch-jobs': "SELECT count(*)::int AS waiting FROM batch_job WHERE status = 'queued'",
} as const;
