import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../src/index.js';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('createTestDatabase', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase({ service: 'shop' });
  });
  afterAll(async () => {
    await database.drop();
  });

  it('gives an app role that can neither make tables nor bypass row-level security', async () => {
    const [role] = await query(
      database.url,
      'SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user',
    );
    expect(role).toEqual({ rolsuper: false, rolbypassrls: false, rolcreaterole: false });
    await expect(query(database.url, 'CREATE TABLE t (id int)')).rejects.toThrow(/permission denied/);
  });

  it('gives an owner role that makes tables the app role can not read without a grant', async () => {
    await query(database.migrationUrl, 'CREATE TABLE mine (id int)');
    await expect(query(database.url, 'SELECT * FROM mine')).rejects.toThrow(/permission denied/);
  });

  it('keeps roles of other databases out', async () => {
    const other = await createTestDatabase();
    const url = new URL(other.url);
    url.pathname = new URL(database.url).pathname;
    await expect(query(url.href, 'SELECT 1')).rejects.toThrow(/permission denied for database/);
    await other.drop();
  });

  it('removes the database and both roles', async () => {
    const gone = await createTestDatabase();
    await gone.drop();
    await expect(query(gone.url, 'SELECT 1')).rejects.toThrow();
    const rows = await query(database.adminUrl, `SELECT rolname FROM pg_roles WHERE rolname LIKE '${gone.name}%'`);
    expect(rows).toEqual([]);
  });
});
