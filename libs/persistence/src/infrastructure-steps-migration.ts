import type { MigrationInterface, QueryRunner } from 'typeorm';
import { tenantTable } from './tenant-table.js';

/** What the transactions of requests with an idempotency key gave, kept with their effects. `Database.open` runs it after a service's own migrations. */
export class InfrastructureSteps1790000000000 implements MigrationInterface {
  readonly name = 'InfrastructureSteps1790000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE idempotency ADD COLUMN claim_id uuid NOT NULL DEFAULT gen_random_uuid()');
    await queryRunner.query(`
      CREATE TABLE idempotency_step (
        tenant_id  text NOT NULL,
        claim_id   uuid NOT NULL,
        step       int NOT NULL,
        result     bytea,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, claim_id, step)
      )`);
    await queryRunner.query('CREATE INDEX idempotency_step_expires_at ON idempotency_step USING brin (expires_at)');
    await tenantTable(queryRunner, 'idempotency_step');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE idempotency_step');
    await queryRunner.query('ALTER TABLE idempotency DROP COLUMN claim_id');
  }
}
