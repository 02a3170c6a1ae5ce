import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES: Readonly<Record<string, string>> = {
  object_sweep: `tenant_id text NOT NULL, sweep_id text NOT NULL, suspects jsonb NOT NULL, answered text[] NOT NULL, named text[] NOT NULL, started_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, sweep_id)`,
  object_sweep_clock: `tenant_id text NOT NULL, due_at timestamptz NOT NULL, seen_until timestamptz NOT NULL DEFAULT 'epoch', whole_at timestamptz NOT NULL DEFAULT 'epoch',
    PRIMARY KEY (tenant_id)`,
};

const INDEXES = [
  'CREATE INDEX dataset_version_digest ON dataset_version (tenant_id, digest)',
  'CREATE INDEX model_version_artifact ON model_version (tenant_id, artifact_digest)',
];

/** Questions about objects that no row names, when the next are due, and what makes them quick. */
export class ObjectSweeps1700000000002 implements MigrationInterface {
  readonly name = 'ObjectSweeps1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(TABLES)) {
      await runner.query(`CREATE TABLE ${table} (${columns})`);
      await tenantTable(runner, table);
    }
    for (const index of INDEXES) await runner.query(index);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of Object.keys(TABLES)) await runner.query(`DROP TABLE ${table}`);
    for (const index of ['dataset_version_digest', 'model_version_artifact']) await runner.query(`DROP INDEX ${index}`);
  }
}
