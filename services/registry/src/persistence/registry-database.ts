import { Database, type DatabaseOptions, infrastructureMigration } from '@myriad/persistence';
import { Registry1700000000001 } from './migrations/1700000000001-registry.js';
import { VersionParts1700000000003 } from './migrations/1700000000003-version-parts.js';
import { ObjectSweeps1700000000002 } from './migrations/1700000000002-object-sweeps.js';
import { Search1700000000004 } from './migrations/1700000000004-search.js';

/** Opens the registry's database, migrated. */
export function openRegistryDatabase(options: Omit<DatabaseOptions, 'entities' | 'migrations'>): Promise<Database> {
  return Database.open({
    ...options,
    entities: [],
    migrations: [
      infrastructureMigration('registry'),
      Registry1700000000001,
      ObjectSweeps1700000000002,
      VersionParts1700000000003,
      Search1700000000004,
    ],
  });
}
