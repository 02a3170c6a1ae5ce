import { Database, type DatabaseOptions, infrastructureMigration } from '@myriad/persistence';
import { Training1700000000001 } from './migrations/1700000000001-training.js';
import { RunParity1700000000002 } from './migrations/1700000000002-run-parity.js';
import { Tracking1700000000003 } from './migrations/1700000000003-tracking.js';
import { LoggedModels1700000000004 } from './migrations/1700000000004-logged-models.js';

/** Opens training's database, migrated. */
export function openTrainingDatabase(options: Omit<DatabaseOptions, 'entities' | 'migrations'>): Promise<Database> {
  return Database.open({
    ...options,
    entities: [],
    migrations: [
      infrastructureMigration('training'),
      Training1700000000001,
      RunParity1700000000002,
      Tracking1700000000003,
      LoggedModels1700000000004,
    ],
  });
}

/** What waits for its turn, by name. */
export const trainingQueues = {
  jobs: "SELECT count(*)::int AS waiting FROM job WHERE status = 'queued'",
} as const;
