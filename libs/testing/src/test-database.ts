import { randomBytes } from 'node:crypto';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

/** A database of one test, on the PostgreSQL of the jest run. */
export interface TestDatabase {
  readonly name: string;
  /** For the runtime role `<name>_app`: owns nothing, may not bypass row-level security. */
  readonly url: string;
  /** For the role `<name>_owner`, which owns the database and runs migrations. */
  readonly migrationUrl: string;
  /** For the superuser: a test's way to look behind the curtain. */
  readonly adminUrl: string;
  /** Ends every connection and removes the database and its roles. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** Becomes part of the name; lower case letters, digits and `_`. Default `test`. */
  readonly service?: string;
  /** The superuser's URL of another server than the run's own. */
  readonly serverUrl?: string;
}

/** @throws {Error} outside of a jest run of this repository. */
function runServerUrl(): string {
  const url = process.env['MYRIAD_TEST_PG_URL'];
  if (url === undefined) throw new Error('MYRIAD_TEST_PG_URL is not set: run the test through jest.config.mjs');
  return url;
}

async function asAdmin(serverUrl: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Makes an empty database with the two roles that every service has: an owner for migrations and an app role for DML. */
export async function createTestDatabase({
  service = 'test',
  serverUrl = runServerUrl(),
}: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const name = `${service}_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const [database, owner, app] = [name, `${name}_owner`, `${name}_app`].map((id) => escapeIdentifier(id)) as [
    string,
    string,
    string,
  ];
  const login = `LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD ${escapeLiteral(password)}`;
  await asAdmin(serverUrl, [
    `CREATE ROLE ${owner} ${login}`,
    `CREATE ROLE ${app} ${login}`,
    `CREATE DATABASE ${database} OWNER ${owner} STRATEGY file_copy`,
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${database} TO ${app}`,
  ]);
  const urlOf = (role: string | undefined): string => {
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    if (role === undefined) return url.href;
    url.username = role;
    url.password = password;
    return url.href;
  };
  return {
    name,
    url: urlOf(`${name}_app`),
    migrationUrl: urlOf(`${name}_owner`),
    adminUrl: urlOf(undefined),
    drop: () =>
      asAdmin(serverUrl, [
        `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`,
        `DROP ROLE IF EXISTS ${app}`,
        `DROP ROLE IF EXISTS ${owner}`,
      ]),
  };
}
