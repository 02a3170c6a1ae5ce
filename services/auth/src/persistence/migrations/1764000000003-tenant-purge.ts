import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class TenantPurge1764000000003 implements MigrationInterface {
  readonly name = 'TenantPurge1764000000003';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE tenant_purge (
        tenant_id    text PRIMARY KEY REFERENCES tenant (tenant_id),
        requested_by text NOT NULL,
        requested_at timestamptz NOT NULL,
        confirmed_by text,
        confirmed_at timestamptz,
        receipt      jsonb,
        CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
        CHECK (confirmed_by <> requested_by)
      )`);
    await tenantTable(queryRunner, 'tenant_purge');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE tenant_purge');
  }
}
