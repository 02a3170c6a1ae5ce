import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A run names the rows that its trainer recorded, until the registry does: what no row names is collected. */
export class RunParity1700000000002 implements MigrationInterface {
  readonly name = 'RunParity1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE run ADD COLUMN parity_digest text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE run DROP COLUMN parity_digest');
  }
}
