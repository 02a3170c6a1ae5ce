import pg from 'pg';
import { unavailable } from '../connection-error.js';
import { SCHEMA_LOCK, SCHEMA_NAME, SCHEMA_SQL, SCHEMA_VERSION } from './schema.js';

/** A statement; with a name it is prepared once a connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Whatever runs statements: the pool or the session. */
export interface Sql {
  /** @throws {ProblemError} `messaging.unavailable` when the connection failed. */
  query<T>(statement: Statement): Promise<readonly T[]>;
}

/** Settings of every connection of this package. */
export function connectionConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'myriad-messaging',
    options: `-c search_path=${SCHEMA_NAME}`,
    connectionTimeoutMillis: 5_000,
    query_timeout: 15_000,
    keepAlive: true,
  };
}

/** The class of a pool's connections, each of which asks for the URL of now. */
export function clientOf(url: () => string): typeof pg.Client {
  return class extends pg.Client {
    constructor(config: pg.ClientConfig) {
      super({ ...config, connectionString: url() });
    }
  };
}

/** Runs one statement on a client or pool. */
export async function runStatement<T>(on: pg.Client | pg.Pool, statement: Statement): Promise<readonly T[]> {
  const { name, text, values = [] } = statement;
  try {
    const result = await on.query({ text, values: [...values], ...(name !== undefined && { name }) });
    return result.rows as T[];
  } catch (error) {
    throw unavailable(error);
  }
}

/** Makes the schema unless it is there in this version. */
export async function ensureSchema(pool: pg.Pool): Promise<void> {
  if (await isCurrent(pool)) return;
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(${SCHEMA_LOCK})`);
    await client.query(`create schema if not exists ${SCHEMA_NAME}`);
    await client.query(SCHEMA_SQL);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

async function isCurrent(pool: pg.Pool): Promise<boolean> {
  const exists = await pool.query<{ found: string | null }>(`select to_regclass('${SCHEMA_NAME}.log_meta') as found`);
  if (exists.rows[0]?.found == null) return false;
  const meta = await pool.query<{ version: number }>('select version from log_meta');
  return (meta.rows[0]?.version ?? 0) >= SCHEMA_VERSION;
}
