import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Promotions whose version is tried first. */
export class Trial1700000000003 implements MigrationInterface {
  readonly name = 'Trial1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE promotion ADD COLUMN trial jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE promotion DROP COLUMN trial');
  }
}
