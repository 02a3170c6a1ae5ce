import { Client, escapeIdentifier } from 'pg';
import { DataSource, type Logger } from 'typeorm';
import { LOCKS, LOCK_CLASS } from './advisory-lock.js';
import { placeOf } from './connect.js';
import type { MigrationClass } from './infrastructure-migration.js';
import type { PersistenceLogger } from './persistence-logger.js';
import { ACROSS_TENANTS, TENANT_SETTING } from './tenant-table.js';

interface MigrateOptions {
  /** Connected with the runtime role. */
  readonly dataSource: DataSource;
  readonly url: string;
  readonly migrationUrl?: string | undefined;
  readonly migrations: readonly MigrationClass[];
  readonly logger: PersistenceLogger;
}

const TABLE = 'migrations';

/** Brings the schema up to date with the owner's role. Asks the runtime role first, so that a start with nothing to do opens no other connection. */
export async function migrate(options: MigrateOptions): Promise<void> {
  const { dataSource, url, migrationUrl, migrations, logger } = options;
  const pending = await pendingOf(dataSource, migrations);
  if (pending.length === 0) return;
  if (migrationUrl === undefined)
    throw new Error(
      `the database ${placeOf(url)} is behind by ${pending.length} migration(s) (${pending.join(', ')}); set DATABASE_MIGRATION_URL to run them`,
    );
  const owner = new Client({ connectionString: migrationUrl });
  await owner.connect();
  try {
    await owner.query('SELECT pg_advisory_lock($1, $2)', [LOCK_CLASS, LOCKS.migrate]);
    await runAll(migrationUrl, migrations, logger);
    await grantTo(owner, new URL(url).username);
    logger.info({ migrations: pending }, 'database migrated');
  } finally {
    await owner.end();
  }
}

function nameOf(migration: MigrationClass): string {
  return new migration().name ?? migration.name;
}

/** The names that the database does not have yet; all of them when the runtime role can't even look. */
async function pendingOf(dataSource: DataSource, migrations: readonly MigrationClass[]): Promise<readonly string[]> {
  const names = migrations.map(nameOf);
  const [access] = await dataSource.query<{ can: boolean | null }[]>(
    `SELECT has_table_privilege(to_regclass('public.${TABLE}'), 'SELECT') AS can`,
  );
  if (access?.can !== true) return names;
  const rows = await dataSource.query<{ name: string }[]>(`SELECT name FROM public.${TABLE}`);
  const done = new Set(rows.map((row) => row.name));
  return names.filter((name) => !done.has(name));
}

/** TypeORM prints to the console by default. */
function migrationLogger(logger: PersistenceLogger): Logger {
  const ignore = (): void => undefined;
  return {
    logQuery: ignore,
    logQueryError: ignore,
    logQuerySlow: ignore,
    logSchemaBuild: ignore,
    log: ignore,
    logMigration: (message) => {
      logger.debug({}, message);
    },
  };
}

async function runAll(url: string, migrations: readonly MigrationClass[], logger: PersistenceLogger): Promise<void> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    migrations: [...migrations],
    migrationsTableName: TABLE,
    migrationsTransactionMode: 'each',
    poolSize: 1,
    installExtensions: false,
    logger: migrationLogger(logger),
    // Row-level security is forced on the owner too; migrations of data see every tenant.
    extra: { options: `-c ${TENANT_SETTING}=${ACROSS_TENANTS}` },
  });
  await dataSource.initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}

/** DML on everything for the runtime role, and no more; the list of migrations is read-only to it. */
async function grantTo(owner: Client, username: string): Promise<void> {
  const role = escapeIdentifier(decodeURIComponent(username));
  await owner.query(`
    GRANT USAGE ON SCHEMA public TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role};
    REVOKE INSERT, UPDATE, DELETE ON TABLE public.${TABLE} FROM ${role}`);
}
