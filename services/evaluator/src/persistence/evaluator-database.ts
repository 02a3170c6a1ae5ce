import { Database, type DatabaseOptions, infrastructureMigration } from '@myriad/persistence';
import { Evaluator1700000000001 } from './migrations/1700000000001-evaluator.js';
import { CampaignOpen1700000000002 } from './migrations/1700000000002-campaign-open.js';
import { Trial1700000000003 } from './migrations/1700000000003-trial.js';

/** Opens the evaluator's database, migrated. */
export function openEvaluatorDatabase(options: Omit<DatabaseOptions, 'entities' | 'migrations'>): Promise<Database> {
  return Database.open({
    ...options,
    entities: [],
    migrations: [
      infrastructureMigration('evaluator'),
      Evaluator1700000000001,
      CampaignOpen1700000000002,
      Trial1700000000003,
    ],
  });
}

/** What waits for its turn, by name. */
export const evaluatorQueues = {
  evaluations: "SELECT count(*)::int AS waiting FROM evaluation WHERE status = 'queued'",
} as const;
