import { Database, type DatabaseOptions, infrastructureMigration } from '@myriad/persistence';
import { Deployer1700000000001 } from './migrations/1700000000001-deployer.js';

/** Opens the deployer's database, migrated. */
export function openDeployerDatabase(options: Omit<DatabaseOptions, 'entities' | 'migrations'>): Promise<Database> {
  return Database.open({
    ...options,
    entities: [],
    migrations: [infrastructureMigration('deployer'), Deployer1700000000001],
  });
}
