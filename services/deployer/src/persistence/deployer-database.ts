import { Database, type DatabaseOptions, infrastructureMigration } from '@myriad/persistence';
import { Deployer1700000000001 } from './migrations/1700000000001-deployer.js';
import { Trials1700000000002 } from './migrations/1700000000002-trials.js';

/** Opens the deployer's database, migrated. */
export function openDeployerDatabase(options: Omit<DatabaseOptions, 'entities' | 'migrations'>): Promise<Database> {
  return Database.open({
    ...options,
    entities: [],
    migrations: [infrastructureMigration('deployer'), Deployer1700000000001, Trials1700000000002],
  });
}
