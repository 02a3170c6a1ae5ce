import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Versions that are tried beside the ones that answer. */
export class Trials1700000000002 implements MigrationInterface {
  readonly name = 'Trials1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE placement ADD COLUMN candidate jsonb');
    await runner.query('ALTER TABLE rollout ADD COLUMN trial jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE placement DROP COLUMN candidate');
    await runner.query('ALTER TABLE rollout DROP COLUMN trial');
  }
}
