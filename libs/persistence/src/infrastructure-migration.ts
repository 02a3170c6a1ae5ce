import type { MigrationInterface, QueryRunner } from 'typeorm';
import { tenantTable } from './tenant-table.js';

/** A TypeORM migration as `Database.open` takes it. */
export type MigrationClass = new () => MigrationInterface;

/** Runs before every service's own migrations. */
const NAME = 'Infrastructure1700000000000';

/** The tables this package works with: `outbox`, `inbox`, `idempotency`. First in a service's list of migrations. */
export function infrastructureMigration(service: string): MigrationClass {
  if (!/^[a-z][a-z-]*$/.test(service)) throw new TypeError(`'${service}' is not a service's name`);
  return class Infrastructure implements MigrationInterface {
    readonly name = NAME;

    async up(queryRunner: QueryRunner): Promise<void> {
      for (const table of [OUTBOX, INBOX, IDEMPOTENCY]) await queryRunner.query(table);
      // Brief rows, looked for by age only: a block range index costs next to nothing.
      await queryRunner.query('CREATE INDEX inbox_handled_at ON inbox USING brin (handled_at)');
      await queryRunner.query('CREATE INDEX idempotency_expires_at ON idempotency USING brin (expires_at)');
      await queryRunner.query(`COMMENT ON TABLE outbox IS 'events of ${service} on their way to the event log'`);
      for (const table of ['outbox', 'inbox', 'idempotency']) await tenantTable(queryRunner, table);
    }

    async down(queryRunner: QueryRunner): Promise<void> {
      await queryRunner.query('DROP TABLE idempotency, inbox, outbox');
    }
  };
}

/** A queue: rows live for milliseconds, so vacuum goes by count, not by share of the table. */
const OUTBOX = `
  CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  text NOT NULL,
    topic      text NOT NULL,
    key        text NOT NULL,
    event_id   uuid NOT NULL,
    type       text NOT NULL,
    event      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
  ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)`;

const INBOX = `
  CREATE TABLE inbox (
    tenant_id  text NOT NULL,
    handler    text NOT NULL,
    event_id   uuid NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, handler, event_id)
  )`;

const IDEMPOTENCY = `
  CREATE TABLE idempotency (
    tenant_id    text NOT NULL,
    principal_id text NOT NULL,
    key          text NOT NULL,
    fingerprint  text NOT NULL,
    status       int,
    body         text,
    lease_until  timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, principal_id, key)
  )`;
