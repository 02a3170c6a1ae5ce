import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES: Readonly<Record<string, string>> = {
  suite: `tenant_id text NOT NULL, name text NOT NULL, version integer NOT NULL, suite_id text NOT NULL, digest text NOT NULL, spec jsonb NOT NULL,
    created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, name, version)`,
  version_view: `tenant_id text NOT NULL, model_name text NOT NULL, version integer NOT NULL, version_id text NOT NULL, application text, admission text NOT NULL, reason text NOT NULL,
    run_id text, admitted jsonb, PRIMARY KEY (tenant_id, model_name, version)`,
  dataset_view: `tenant_id text NOT NULL, dataset_name text NOT NULL, version integer NOT NULL, digest text NOT NULL, format text NOT NULL, PRIMARY KEY (tenant_id, dataset_name)`,
  application_view: `tenant_id text NOT NULL, name text NOT NULL, suite text, PRIMARY KEY (tenant_id, name)`,
  run_view: `tenant_id text NOT NULL, run_id text NOT NULL, fleet_run_id text NOT NULL, model_name text NOT NULL, outcome text NOT NULL, reason text NOT NULL, PRIMARY KEY (tenant_id, run_id)`,
  fleet_run_view: `tenant_id text NOT NULL, fleet_run_id text NOT NULL, application text NOT NULL, is_ended boolean NOT NULL, total integer NOT NULL, PRIMARY KEY (tenant_id, fleet_run_id)`,
  approval_view: `tenant_id text NOT NULL, approval_id text NOT NULL, subject_id text NOT NULL, evidence_digest text NOT NULL, status text NOT NULL, decided_by text, reason text NOT NULL,
    PRIMARY KEY (tenant_id, approval_id)`,
  rollout_view: `tenant_id text NOT NULL, promotion_id text NOT NULL, status text NOT NULL, reason text NOT NULL, PRIMARY KEY (tenant_id, promotion_id)`,
  evaluation: `tenant_id text NOT NULL, evaluation_id text NOT NULL, model_name text NOT NULL, version integer NOT NULL, version_id text NOT NULL, application text, suite text NOT NULL,
    suite_version integer NOT NULL, status text NOT NULL, attempt integer NOT NULL, claimed_at timestamptz, verdict text, reason text NOT NULL, checks jsonb NOT NULL, metric jsonb,
    evidence_digest text, created_at timestamptz NOT NULL, completed_at timestamptz, PRIMARY KEY (tenant_id, evaluation_id)`,
  promotion: `tenant_id text NOT NULL, promotion_id text NOT NULL, model_name text NOT NULL, version integer NOT NULL, version_id text NOT NULL, environment text NOT NULL, status text NOT NULL,
    reason text NOT NULL, evidence_digest text NOT NULL, approval_id text, approved_by text, requested_by text NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, promotion_id)`,
  campaign: `tenant_id text NOT NULL, campaign_id text NOT NULL, status text NOT NULL, body jsonb NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, campaign_id)`,
};

const INDEXES = [
  "CREATE INDEX evaluation_open ON evaluation (created_at) WHERE status IN ('queued', 'running')",
  'CREATE INDEX evaluation_version ON evaluation (tenant_id, version_id, evaluation_id)',
  'CREATE INDEX version_view_run ON version_view (tenant_id, run_id)',
  'CREATE INDEX run_view_fleet_run ON run_view (fleet_run_id)',
  'CREATE INDEX approval_view_subject ON approval_view (subject_id, evidence_digest)',
  "CREATE INDEX promotion_open ON promotion (created_at) WHERE status IN ('awaiting-approval', 'rolling-out')",
  "CREATE INDEX campaign_open ON campaign (created_at) WHERE status IN ('collecting', 'awaiting-approval', 'approved', 'rolling-out')",
];

/** Suites, evaluations, promotions, campaigns, and what the other services told. */
export class Evaluator1700000000001 implements MigrationInterface {
  readonly name = 'Evaluator1700000000001';

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
