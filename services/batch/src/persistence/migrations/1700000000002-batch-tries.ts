import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Counts claims that got nowhere, and remembers whose parts are still stored. */
export class BatchTries1700000000002 implements MigrationInterface {
  readonly name = 'BatchTries1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE batch_job ADD COLUMN tries integer NOT NULL DEFAULT 0, ADD COLUMN has_parts boolean NOT NULL DEFAULT true',
    );
    await runner.query('CREATE INDEX batch_job_unswept ON batch_job (created_at) WHERE has_parts');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE batch_job DROP COLUMN tries, DROP COLUMN has_parts');
  }
}
