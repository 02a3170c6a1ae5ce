import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES: Readonly<Record<string, string>> = {
  dataset: `tenant_id text NOT NULL, name text NOT NULL, dataset_id text NOT NULL, description text NOT NULL, classification text NOT NULL, latest_version integer,
    created_by text NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, name)`,
  dataset_version: `tenant_id text NOT NULL, dataset_name text NOT NULL, version integer NOT NULL, digest text NOT NULL, format text NOT NULL, size_bytes bigint NOT NULL, row_count bigint NOT NULL,
    columns jsonb NOT NULL, committed_by text NOT NULL, committed_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, dataset_name, version), UNIQUE (tenant_id, dataset_name, digest),
    FOREIGN KEY (tenant_id, dataset_name) REFERENCES dataset (tenant_id, name)`,
  dataset_grant: `tenant_id text NOT NULL, grant_id text NOT NULL, dataset_name text NOT NULL, principal_id text NOT NULL, purpose text NOT NULL, justification text NOT NULL, status text NOT NULL,
    evidence_digest text NOT NULL, requested_by text NOT NULL, requested_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, decided_by text, PRIMARY KEY (tenant_id, grant_id)`,
  application: `tenant_id text NOT NULL, name text NOT NULL, body jsonb NOT NULL, PRIMARY KEY (tenant_id, name)`,
  model: `tenant_id text NOT NULL, name text NOT NULL, model_id text NOT NULL, application text, latest_version integer NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, name)`,
  model_version: `tenant_id text NOT NULL, model_name text NOT NULL, version integer NOT NULL, version_id text NOT NULL, application text, artifact_digest text NOT NULL, parity_digest text,
    size_bytes bigint NOT NULL, run_id text, status text NOT NULL, attempt integer NOT NULL, claimed_at timestamptz, checked_at timestamptz, review_digest text, report jsonb NOT NULL,
    lineage jsonb NOT NULL, registered_by text NOT NULL, registered_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, model_name, version), UNIQUE (tenant_id, version_id),
    FOREIGN KEY (tenant_id, model_name) REFERENCES model (tenant_id, name)`,
  model_alias: `tenant_id text NOT NULL, model_name text NOT NULL, alias text NOT NULL, version integer NOT NULL, version_id text NOT NULL, moved_by text NOT NULL, moved_at timestamptz NOT NULL,
    reason text NOT NULL, PRIMARY KEY (tenant_id, model_name, alias), FOREIGN KEY (tenant_id, model_name, version) REFERENCES model_version (tenant_id, model_name, version)`,
  alias_move: `tenant_id text NOT NULL, move_id text NOT NULL, model_name text NOT NULL, alias text NOT NULL, version integer NOT NULL, version_id text NOT NULL, moved_by text NOT NULL,
    moved_at timestamptz NOT NULL, reason text NOT NULL, PRIMARY KEY (tenant_id, move_id)`,
};

const INDEXES = [
  "CREATE INDEX dataset_grant_open ON dataset_grant (expires_at) WHERE status IN ('pending', 'active')",
  'CREATE UNIQUE INDEX model_version_run ON model_version (tenant_id, run_id) WHERE run_id IS NOT NULL',
  "CREATE INDEX model_version_pending ON model_version (registered_at) WHERE status = 'pending'",
  'CREATE INDEX alias_move_alias ON alias_move (tenant_id, model_name, alias, move_id)',
];

/** Datasets, grants, applications, models, versions and aliases. */
export class Registry1700000000001 implements MigrationInterface {
  readonly name = 'Registry1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(TABLES)) {
      await runner.query(`CREATE TABLE ${table} (${columns})`);
      await tenantTable(runner, table);
    }
    for (const index of INDEXES) await runner.query(index);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of Object.keys(TABLES).reverse()) await runner.query(`DROP TABLE ${table}`);
  }
}
