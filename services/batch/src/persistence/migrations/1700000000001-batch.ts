import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES: Readonly<Record<string, string>> = {
  batch_job: `tenant_id text NOT NULL, batch_job_id text NOT NULL, status text NOT NULL, reason text NOT NULL, attempt integer NOT NULL, heartbeat_at timestamptz,
    is_cancel_requested boolean NOT NULL DEFAULT false, spec jsonb NOT NULL, shards integer, output jsonb, errors jsonb, created_by text NOT NULL, created_at timestamptz NOT NULL,
    ended_at timestamptz, PRIMARY KEY (tenant_id, batch_job_id)`,
  batch_shard: `tenant_id text NOT NULL, batch_job_id text NOT NULL, shard integer NOT NULL, row_count integer NOT NULL, row_errors integer NOT NULL, output_digest text NOT NULL,
    errors_digest text, PRIMARY KEY (tenant_id, batch_job_id, shard)`,
  placement_view: `tenant_id text NOT NULL, environment text NOT NULL, model_name text NOT NULL, generation integer NOT NULL, is_active boolean NOT NULL, model jsonb NOT NULL,
    PRIMARY KEY (tenant_id, environment, model_name)`,
  dataset_view: `tenant_id text NOT NULL, name text NOT NULL, version integer NOT NULL, digest text NOT NULL, format text NOT NULL, columns text[] NOT NULL, PRIMARY KEY (tenant_id, name, version)`,
};

/** Jobs, their scored shards, and what the deployer and the registry told. */
export class Batch1700000000001 implements MigrationInterface {
  readonly name = 'Batch1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(TABLES)) {
      await runner.query(`CREATE TABLE ${table} (${columns})`);
      await tenantTable(runner, table);
    }
    await runner.query("CREATE INDEX batch_job_open ON batch_job (created_at) WHERE status IN ('queued', 'running')");
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of Object.keys(TABLES)) await runner.query(`DROP TABLE ${table}`);
  }
}
