import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which principals of other tenants may have which datasets scored. */
export class BatchGrants1700000000003 implements MigrationInterface {
  readonly name = 'BatchGrants1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE grant_view (
      tenant_id text NOT NULL,
      grant_id text NOT NULL,
      dataset_name text NOT NULL,
      principal_id text NOT NULL,
      purpose text NOT NULL,
      status text NOT NULL,
      expires_at timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, grant_id))`);
    await runner.query('CREATE INDEX grant_view_dataset ON grant_view (tenant_id, dataset_name, principal_id)');
    await tenantTable(runner, 'grant_view');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE grant_view');
  }
}
