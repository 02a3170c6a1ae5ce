import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES: Readonly<Record<string, string>> = {
  run_param: `tenant_id text NOT NULL, run_id text NOT NULL, key text NOT NULL, value text NOT NULL, PRIMARY KEY (tenant_id, run_id, key)`,
  run_tag: `tenant_id text NOT NULL, run_id text NOT NULL, key text NOT NULL, value text NOT NULL, PRIMARY KEY (tenant_id, run_id, key)`,
  run_latest_metric: `tenant_id text NOT NULL, run_id text NOT NULL, name text NOT NULL, value double precision NOT NULL, step bigint NOT NULL, timestamp_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, run_id, name)`,
  run_input: `tenant_id text NOT NULL, run_id text NOT NULL, name text NOT NULL, dataset_digest text NOT NULL, source_type text NOT NULL, source text NOT NULL, schema text, profile text,
    tags jsonb NOT NULL DEFAULT '[]', PRIMARY KEY (tenant_id, run_id, name, dataset_digest)`,
  artifact: `tenant_id text NOT NULL, path text COLLATE "C" NOT NULL, digest text NOT NULL, size_bytes bigint NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, path)`,
};

const UP = [
  // rows of every tenant are looked at
  "SELECT set_config('myriad.tenant_id', '*', true)",
  `ALTER TABLE experiment ADD COLUMN artifact_location text, ADD COLUMN lifecycle_stage text NOT NULL DEFAULT 'active', ADD COLUMN updated_at timestamptz,
    ADD COLUMN tags jsonb NOT NULL DEFAULT '{}'`,
  'CREATE UNIQUE INDEX experiment_id ON experiment (tenant_id, experiment_id)',
  `ALTER TABLE run ADD COLUMN experiment_id text, ADD COLUMN run_name text NOT NULL DEFAULT '', ADD COLUMN user_id text NOT NULL DEFAULT '',
    ADD COLUMN lifecycle_stage text NOT NULL DEFAULT 'active'`,
  `UPDATE run SET experiment_id = experiment.experiment_id FROM experiment WHERE experiment.tenant_id = run.tenant_id AND experiment.name = run.experiment`,
  'CREATE INDEX run_experiment ON run (tenant_id, experiment_id, started_at DESC, run_id)',
  // equal steps and times with other values are other points
  'ALTER TABLE run_metric DROP CONSTRAINT run_metric_pkey, ADD PRIMARY KEY (tenant_id, run_id, name, step, timestamp_ms, value)',
  `INSERT INTO run_latest_metric SELECT DISTINCT ON (tenant_id, run_id, name) tenant_id, run_id, name, value, step, timestamp_ms FROM run_metric
    ORDER BY tenant_id, run_id, name, step DESC, timestamp_ms DESC, value DESC`,
  'CREATE INDEX artifact_digest ON artifact (tenant_id, digest)',
];

/** What MLflow's clients track: experiments and runs with more to say, params, tags, newest metrics, inputs, artifacts. */
export class Tracking1700000000003 implements MigrationInterface {
  readonly name = 'Tracking1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(TABLES)) {
      await runner.query(`CREATE TABLE ${table} (${columns})`);
      await tenantTable(runner, table);
    }
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of Object.keys(TABLES)) await runner.query(`DROP TABLE ${table}`);
    await runner.query('DROP INDEX run_experiment');
    await runner.query(
      'ALTER TABLE run DROP COLUMN experiment_id, DROP COLUMN run_name, DROP COLUMN user_id, DROP COLUMN lifecycle_stage',
    );
    await runner.query('DROP INDEX experiment_id');
    await runner.query(
      'ALTER TABLE experiment DROP COLUMN artifact_location, DROP COLUMN lifecycle_stage, DROP COLUMN updated_at, DROP COLUMN tags',
    );
  }
}
