import { Client, type ClientConfig } from 'pg';
import { DataSource, type DataSourceOptions, type MixedList } from 'typeorm';
import { checkIsolation } from './check-isolation.js';
import { connectWithRetry } from './connect.js';
import type { MigrationClass } from './infrastructure-migration.js';
import { InfrastructureSteps1790000000000 } from './infrastructure-steps-migration.js';
import { migrate } from './migrate.js';
import type { PersistenceLogger } from './persistence-logger.js';
import { observePool, poolState, type PoolState } from './pool-state.js';
import { PreparedStatements } from './prepared-statements.js';
import { Wake } from './wake.js';

export interface DatabaseOptions {
  /** The runtime role's URL, or what gives it: asked for each connection, so that a rotated password is used by the next. */
  readonly url: string | (() => string);
  /** The owner's URL; without it a database that is behind its migrations is refused. */
  readonly migrationUrl?: string | undefined;
  readonly entities: NonNullable<DataSourceOptions['entities']> & MixedList<unknown>;
  readonly migrations: readonly MigrationClass[];
  /** Connections, 1–200. Default 8. */
  readonly poolSize?: number | undefined;
  /** The longest a statement may take, milliseconds. Default 15,000. */
  readonly statementTimeoutMs?: number | undefined;
  /** The longest a statement may wait for a lock, milliseconds. Default 5,000. */
  readonly lockTimeoutMs?: number | undefined;
  /** How long a server that is not there yet is waited for at the start, milliseconds. Default 30,000. */
  readonly connectTimeoutMs?: number | undefined;
  readonly logger: PersistenceLogger;
}

/** A session that holds a transaction open without a word for this long is ended: its locks must not outlive its service. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/** The longest that a connection may take until it takes statements. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** What an answer may take beyond the statement's own limit: then the server is out of reach, and the connection is given up. */
export const ANSWER_GRACE_MS = 5_000;
const DEFAULT_POOL_SIZE = 8;
const DEFAULT_STATEMENT_TIMEOUT_MS = 15_000;
const DEFAULT_LOCK_TIMEOUT_MS = 5_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;

/** A service's database: migrated, checked for isolation, connected. */
export class Database {
  /** Rings after a commit with events. */
  readonly outboxWake = new Wake();
  readonly statements = new PreparedStatements();
  /** The database's name. */
  readonly namespace: string;
  private readonly endGauges: readonly (() => void)[];

  private constructor(
    readonly dataSource: DataSource,
    private readonly readUrl: () => string,
    readonly statementTimeoutMs: number,
    readonly logger: PersistenceLogger,
  ) {
    this.namespace = new URL(readUrl()).pathname.slice(1);
    this.endGauges = observePool(dataSource);
  }

  /**
   * Connects with the runtime role, brings the schema up to date (one process at a time; nothing is asked of the owner when nothing is
   * to do), and refuses to go on when tenants would not be kept apart.
   * @throws {Error} when the server is away, migrations are missing and may not be run, the role may bypass row-level security, or a
   * table with a `tenant_id` has none
   */
  static async open(options: DatabaseOptions): Promise<Database> {
    const { migrationUrl, logger } = options;
    const migrations = [...options.migrations, InfrastructureSteps1790000000000];
    const readUrl = readerOf(options);
    const url = readUrl();
    const statementTimeoutMs = options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
    const connectTimeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    const dataSource = dataSourceOf(options, statementTimeoutMs);
    await connectWithRetry(dataSource, url, { connectTimeoutMs, logger });
    try {
      await migrate({ dataSource, url, migrationUrl, migrations, logger });
      await checkIsolation(dataSource);
    } catch (error) {
      await dataSource.destroy();
      throw error;
    }
    return new Database(dataSource, readUrl, statementTimeoutMs, logger);
  }

  /** The runtime role's URL as it is now. */
  get url(): string {
    return this.readUrl();
  }

  /** Connections of this process, and callers that wait for one. */
  get pool(): PoolState {
    return poolState(this.dataSource);
  }

  /** @throws when the database does not answer */
  async ping(): Promise<void> {
    await this.dataSource.query('SELECT 1');
  }

  async close(): Promise<void> {
    for (const end of this.endGauges) end();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

function dataSourceOf(options: DatabaseOptions, statementTimeoutMs: number): DataSource {
  return new DataSource({
    type: 'postgres',
    url: readerOf(options)(),
    entities: options.entities,
    poolSize: options.poolSize ?? DEFAULT_POOL_SIZE,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    installExtensions: false,
    synchronize: false,
    logging: false,
    poolErrorHandler: (error: unknown) => {
      options.logger.warn({ err: error }, 'an idle database connection was lost');
    },
    extra: {
      statement_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs + ANSWER_GRACE_MS,
      lock_timeout: options.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      keepAlive: true,
      pipeline: true,
      Client: clientOf(readerOf(options)),
    },
  });
}

function readerOf({ url }: Pick<DatabaseOptions, 'url'>): () => string {
  return typeof url === 'string' ? () => url : url;
}

/** The class of a pool's connections, each of which asks for the URL of now. */
function clientOf(url: () => string): typeof Client {
  return class extends Client {
    constructor(config: ClientConfig) {
      super({ ...config, connectionString: url() });
    }
  };
}
