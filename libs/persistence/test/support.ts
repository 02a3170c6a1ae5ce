import { defineEvent, eventTopic } from '@myriad/contracts';
import { createTestDatabase, type TestDatabase } from '@myriad/testing';
import pg from 'pg';
import { Column, Entity, PrimaryColumn, type MigrationInterface, type QueryRunner } from 'typeorm';
import { z } from 'zod';
import {
  Database,
  UnitOfWork,
  infrastructureMigration,
  tenantTable,
  type DatabaseOptions,
  type MigrationClass,
  type OutboxRecord,
  type PersistenceLogger,
} from '../src/index.js';

const ignore = (): void => undefined;
export const silent: PersistenceLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

@Entity({ name: 'thing' })
export class ThingRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'text' })
  tenantId!: string;
  @PrimaryColumn({ type: 'text' })
  name!: string;
  @Column({ type: 'int' })
  size!: number;
}

export class Things1700000000001 implements MigrationInterface {
  readonly name = 'Things1700000000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'CREATE TABLE thing (tenant_id text, name text, size int NOT NULL, PRIMARY KEY (tenant_id, name))',
    );
    await tenantTable(queryRunner, 'thing');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE thing');
  }
}

export const thingChanged = defineEvent({
  type: 'shop.thing-changed.v1',
  topic: eventTopic('myriad.shop.thing.v1'),
  summary: 'A thing changed.',
  data: z.object({ name: z.string().min(1), size: z.int() }),
  key: (data, tenantId) => `${tenantId}/${data.name}`,
  example: { name: 'a', size: 1 },
});

export const MIGRATIONS: readonly MigrationClass[] = [infrastructureMigration('shop'), Things1700000000001];

/** A migrated database of one test file, with a unit of work on it. */
export interface Shop {
  readonly test: TestDatabase;
  readonly database: Database;
  readonly uow: UnitOfWork;
  /** Runs a statement as the superuser, whom no policy stops. */
  admin(sql: string, parameters?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Another process of the same service: own pool, own wake. */
  another(): Promise<{ database: Database; uow: UnitOfWork }>;
  close(): Promise<void>;
}

export function optionsFor(test: TestDatabase, more: Partial<DatabaseOptions> = {}): DatabaseOptions {
  const { url, migrationUrl } = test;
  return { url, migrationUrl, entities: [ThingRow], migrations: MIGRATIONS, logger: silent, poolSize: 12, ...more };
}

export async function openShop(more: Partial<DatabaseOptions> = {}): Promise<Shop> {
  const test = await createTestDatabase({ service: 'shop' });
  const opened: Database[] = [];
  const open = async (): Promise<{ database: Database; uow: UnitOfWork }> => {
    const database = await Database.open(optionsFor(test, more));
    opened.push(database);
    return { database, uow: new UnitOfWork(database) };
  };
  const first = await open();
  const admin = new pg.Client({ connectionString: test.adminUrl });
  admin.on('error', ignore);
  await admin.connect();
  return {
    test,
    ...first,
    another: open,
    admin: async (sql, parameters = []) => (await admin.query<Record<string, unknown>>(sql, parameters)).rows,
    close: async () => {
      await admin.end();
      for (const database of opened) await database.close();
      await test.drop();
    },
  };
}

/** An event log that keeps what it is given, and fails when told. */
export class ListLog {
  readonly records: OutboxRecord[] = [];
  fails = false;
  attempts = 0;

  append = (records: readonly OutboxRecord[]): Promise<void> => {
    this.attempts += 1;
    if (this.fails) return Promise.reject(new Error('the log is away'));
    this.records.push(...records);
    return Promise.resolve();
  };

  /** The sizes said for one thing, in the order of the log. */
  sizesOf(key: string): number[] {
    return this.records.filter((record) => record.key === key).map((record) => eventOf(record).data.size);
  }
}

export interface ThingEvent {
  readonly id: string;
  readonly tenantid: string;
  readonly causationid?: string;
  readonly traceparent?: string;
  readonly data: { readonly name: string; readonly size: number };
}

export function eventOf(record: OutboxRecord): ThingEvent {
  return JSON.parse(record.value.toString()) as ThingEvent;
}
