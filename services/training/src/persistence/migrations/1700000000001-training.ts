import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES: Readonly<Record<string, string>> = {
  recipe: `tenant_id text NOT NULL, name text NOT NULL, version integer NOT NULL, recipe_id text NOT NULL, source_digest text NOT NULL, entry_point text NOT NULL, parameter_schema jsonb NOT NULL,
    created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, name, version)`,
  fleet_run: `tenant_id text NOT NULL, fleet_run_id text NOT NULL, application text NOT NULL, dataset_name text NOT NULL, recipe text NOT NULL, recipe_version integer NOT NULL,
    parameters jsonb NOT NULL, status text NOT NULL, created_by text NOT NULL, created_at timestamptz NOT NULL, ended_at timestamptz, PRIMARY KEY (tenant_id, fleet_run_id)`,
  job: `tenant_id text NOT NULL, job_id text NOT NULL, fleet_run_id text, status text NOT NULL, reason text NOT NULL, attempt integer NOT NULL, heartbeat_at timestamptz,
    is_cancel_requested boolean NOT NULL DEFAULT false, spec jsonb NOT NULL, created_by text NOT NULL, created_at timestamptz NOT NULL, started_at timestamptz, ended_at timestamptz,
    PRIMARY KEY (tenant_id, job_id)`,
  run: `tenant_id text NOT NULL, run_id text NOT NULL, job_id text, fleet_run_id text, experiment text, application text, model_name text, status text NOT NULL, reason text NOT NULL,
    parameters jsonb NOT NULL, inputs jsonb NOT NULL, metrics jsonb NOT NULL, artifact_digest text, duration_ms double precision, created_at timestamptz NOT NULL, started_at timestamptz,
    ended_at timestamptz, PRIMARY KEY (tenant_id, run_id)`,
  job_event: `tenant_id text NOT NULL, job_id text NOT NULL, sequence bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, kind text NOT NULL, task_id text, data jsonb NOT NULL,
    PRIMARY KEY (tenant_id, job_id, sequence)`,
  experiment: `tenant_id text NOT NULL, name text NOT NULL, experiment_id text NOT NULL, description text NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, name)`,
  run_metric: `tenant_id text NOT NULL, run_id text NOT NULL, name text NOT NULL, step bigint NOT NULL, timestamp_ms bigint NOT NULL, value double precision NOT NULL,
    PRIMARY KEY (tenant_id, run_id, name, step, timestamp_ms)`,
  dataset_view: `tenant_id text NOT NULL, name text NOT NULL, version integer NOT NULL, digest text NOT NULL, format text NOT NULL, PRIMARY KEY (tenant_id, name, version)`,
  grant_view: `tenant_id text NOT NULL, grant_id text NOT NULL, dataset_name text NOT NULL, principal_id text NOT NULL, purpose text NOT NULL, status text NOT NULL, expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, grant_id)`,
  application_view: `tenant_id text NOT NULL, name text NOT NULL, features jsonb NOT NULL, label text NOT NULL, recipe text, PRIMARY KEY (tenant_id, name)`,
};

const INDEXES = [
  "CREATE INDEX job_open ON job (created_at) WHERE status IN ('queued', 'running')",
  'CREATE INDEX job_fleet_run ON job (fleet_run_id) WHERE fleet_run_id IS NOT NULL',
  'CREATE INDEX run_job ON run (job_id) WHERE job_id IS NOT NULL',
  'CREATE INDEX run_fleet_run ON run (fleet_run_id) WHERE fleet_run_id IS NOT NULL',
  'CREATE INDEX grant_view_dataset ON grant_view (tenant_id, dataset_name, principal_id)',
];

/** Recipes, fleet runs, jobs, runs, what jobs say, experiments, and what the registry told. */
export class Training1700000000001 implements MigrationInterface {
  readonly name = 'Training1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(TABLES)) {
      await runner.query(`CREATE TABLE ${table} (${columns})`);
      await tenantTable(runner, table);
    }
    for (const index of INDEXES) await runner.query(index);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of Object.keys(TABLES)) await runner.query(`DROP TABLE ${table}`);
  }
}
