import { createTestDatabase, eventually, type TestDatabase } from '@myriad/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Database, infrastructureMigration } from '../src/index.js';
import { MIGRATIONS, ThingRow, optionsFor } from './support.js';

class Open1700000000002 implements MigrationInterface {
  readonly name = 'Open1700000000002';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE leaky (tenant_id text NOT NULL, id int PRIMARY KEY)');
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

class Broken1700000000003 implements MigrationInterface {
  readonly name = 'Broken1700000000003';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE half (id int PRIMARY KEY)');
    await queryRunner.query('SELECT 1 / 0');
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

/** Rewrites rows of every tenant, as migrations of data do. */
class Grow1700000000004 implements MigrationInterface {
  readonly name = 'Grow1700000000004';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('UPDATE thing SET size = size + 1');
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

describe('Database.open', () => {
  let test: TestDatabase;
  beforeEach(async () => {
    test = await createTestDatabase({ service: 'shop' });
  });
  afterEach(async () => {
    await test.drop();
  });

  const asAdmin = async (sql: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: test.adminUrl });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };

  it('migrates an empty database and gives the runtime role its rights', async () => {
    const database = await Database.open(optionsFor(test));
    await database.ping();
    expect(await database.dataSource.query('SELECT * FROM thing')).toEqual([]);
    expect(database.dataSource.getRepository(ThingRow).metadata.tableName).toBe('thing');
    await database.close();
    await expect(database.ping()).rejects.toThrow();
  });

  it('needs no owner when there is nothing to migrate', async () => {
    await (await Database.open(optionsFor(test))).close();
    const url = new URL(test.migrationUrl);
    url.password = 'wrong';
    const database = await Database.open(optionsFor(test, { migrationUrl: url.href }));
    await database.close();
  });

  it('migrates once when many processes start at the same time', async () => {
    const databases = await Promise.all(
      Array.from({ length: 4 }, () => Database.open(optionsFor(test, { poolSize: 2 }))),
    );
    expect(await asAdmin('SELECT name FROM migrations ORDER BY name')).toEqual([
      { name: 'Infrastructure1700000000000' },
      { name: 'InfrastructureSteps1790000000000' },
      { name: 'Things1700000000001' },
    ]);
    for (const database of databases) await database.close();
  });

  it('says which migrations are missing when it may not run them', async () => {
    await expect(Database.open(optionsFor(test, { migrationUrl: undefined }))).rejects.toThrow(
      /behind by 3 migration\(s\) \(Infrastructure1700000000000, Things1700000000001, InfrastructureSteps1790000000000\); set DATABASE_MIGRATION_URL/,
    );
  });

  it('keeps nothing of a migration that fails, and runs it again next time', async () => {
    const migrations = [...MIGRATIONS, Broken1700000000003];
    await expect(Database.open(optionsFor(test, { migrations }))).rejects.toThrow(/division by zero/);
    expect(await asAdmin(`SELECT to_regclass('half')::text AS half`)).toEqual([{ half: null }]);
    await expect(Database.open(optionsFor(test, { migrations }))).rejects.toThrow(/division by zero/);
  });

  it('lets a migration change rows of every tenant', async () => {
    await (await Database.open(optionsFor(test))).close();
    await asAdmin(`INSERT INTO thing VALUES ('aa', 'a', 1), ('bb', 'b', 2)`);
    await (await Database.open(optionsFor(test, { migrations: [...MIGRATIONS, Grow1700000000004] }))).close();
    expect(await asAdmin('SELECT size FROM thing ORDER BY size')).toEqual([{ size: 2 }, { size: 3 }]);
  });

  it('refuses a table with a tenant_id that has no forced row-level security', async () => {
    await expect(
      Database.open(optionsFor(test, { migrations: [infrastructureMigration('shop'), Open1700000000002] })),
    ).rejects.toThrow(/without forced row-level security: leaky/);
  });

  it('refuses a role that may bypass row-level security', async () => {
    await expect(Database.open(optionsFor(test, { url: test.adminUrl }))).rejects.toThrow(
      /may bypass row-level security/,
    );
  });

  it('refuses to run as the owner of the tables', async () => {
    await expect(Database.open(optionsFor(test, { url: test.migrationUrl }))).rejects.toThrow(/owns .*thing/);
  });

  it('connects with the password of now, so that it can be rotated without a restart', async () => {
    let url = test.url;
    const database = await Database.open(optionsFor(test, { url: () => url }));
    const next = new URL(test.url);
    next.password = 'rotated';
    await asAdmin(`ALTER ROLE "${next.username}" PASSWORD 'rotated'`);
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${next.username}'`;
    await asAdmin(end);
    await eventually(() => expect(database.ping()).rejects.toThrow(/password authentication failed/));
    url = next.href;
    await database.ping();
    await database.close();
  });

  it('says where the database was looked for, and not the password', async () => {
    const url = new URL(test.url);
    url.password = 'hunter2';
    const work = Database.open(optionsFor(test, { url: url.href })).then(() => 'opened');
    const error = await work.catch((e: unknown) => String(e));
    expect(error).toMatch(new RegExp(`can't connect to the database .*${test.name} as ${test.name}_app: .*password`));
    expect(error).not.toContain('hunter2');
    url.port = '1';
    await expect(Database.open(optionsFor(test, { url: url.href, connectTimeoutMs: 300 }))).rejects.toThrow(
      /can't connect to the database 127\.0\.0\.1:1/,
    );
  });
});
