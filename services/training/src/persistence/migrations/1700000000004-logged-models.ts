import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES: Readonly<Record<string, string>> = {
  logged_model: `tenant_id text NOT NULL, model_id text NOT NULL, experiment_id text NOT NULL, name text NOT NULL, model_type text NOT NULL, source_run_id text NOT NULL, status text NOT NULL,
    artifact_uri text NOT NULL, params jsonb NOT NULL, tags jsonb NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, model_id)`,
  run_output: `tenant_id text NOT NULL, run_id text NOT NULL, model_id text NOT NULL, step bigint NOT NULL, PRIMARY KEY (tenant_id, run_id, model_id)`,
};

/** Models that MLflow's clients log, and which run made which. */
export class LoggedModels1700000000004 implements MigrationInterface {
  readonly name = 'LoggedModels1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(TABLES)) {
      await runner.query(`CREATE TABLE ${table} (${columns})`);
      await tenantTable(runner, table);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of Object.keys(TABLES)) await runner.query(`DROP TABLE ${table}`);
  }
}
