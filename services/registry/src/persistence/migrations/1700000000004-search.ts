import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Compared by bytes, so that a prefix is a range of the index whatever the database's collation. */
const NAMES: Readonly<Record<string, string>> = {
  model: 'name',
  model_version: 'model_name',
  model_alias: 'model_name',
  alias_move: 'model_name',
};

const CHANGES = [
  // earlier_versions: the newest version of deleted models of the name; numbers go on after it
  `ALTER TABLE model ADD COLUMN description text, ADD COLUMN updated_at timestamptz, ADD COLUMN deleted_at timestamptz,
    ADD COLUMN earlier_versions integer NOT NULL DEFAULT 0`,
  'UPDATE model SET updated_at = created_at',
  'ALTER TABLE model ALTER COLUMN updated_at SET NOT NULL',
  // row-level security lets an expression over jsonb into no index condition: what is searched for is a column
  `ALTER TABLE model_version ADD COLUMN description text, ADD COLUMN deleted_at timestamptz,
    ADD COLUMN family text GENERATED ALWAYS AS (report->>'family') STORED, ADD COLUMN size_class text GENERATED ALWAYS AS (report->>'sizeClass') STORED`,
  // where an alias was removed
  'ALTER TABLE alias_move ALTER COLUMN version DROP NOT NULL, ALTER COLUMN version_id DROP NOT NULL',
];

/** A value may be longer than an index takes: its start is found in the index, the rest in the row. */
const TAG =
  'key text NOT NULL, value text NOT NULL, value_start text COLLATE "C" GENERATED ALWAYS AS (left(value, 256)) STORED';
const TABLES: Readonly<Record<string, string>> = {
  model_tag: `tenant_id text NOT NULL, model_name text COLLATE "C" NOT NULL, ${TAG}, PRIMARY KEY (tenant_id, model_name, key),
    FOREIGN KEY (tenant_id, model_name) REFERENCES model (tenant_id, name)`,
  version_tag: `tenant_id text NOT NULL, model_name text COLLATE "C" NOT NULL, version integer NOT NULL, ${TAG}, PRIMARY KEY (tenant_id, model_name, version, key),
    FOREIGN KEY (tenant_id, model_name, version) REFERENCES model_version (tenant_id, model_name, version)`,
};

/** Each ends with what its list is paged by. Those of lists hold what is not deleted only: a page costs the same however much was deleted. */
const INDEXES: Readonly<Record<string, string>> = {
  model_live: 'model (tenant_id, name) WHERE deleted_at IS NULL',
  model_deleted: 'model (tenant_id, name) WHERE deleted_at IS NOT NULL',
  model_application: 'model (tenant_id, application, name) WHERE deleted_at IS NULL',
  model_created: 'model (tenant_id, created_at, name) WHERE deleted_at IS NULL',
  model_updated: 'model (tenant_id, updated_at, name) WHERE deleted_at IS NULL',
  model_alias_models: 'model_alias (tenant_id, alias, model_name) INCLUDE (version)',
  model_tag_value: 'model_tag (tenant_id, key, value_start, model_name)',
  model_version_live: 'model_version (tenant_id, model_name, version) WHERE deleted_at IS NULL',
  model_version_registered: 'model_version (tenant_id, registered_at, model_name, version) WHERE deleted_at IS NULL',
  model_version_status: 'model_version (tenant_id, status, model_name, version) WHERE deleted_at IS NULL',
  model_version_family: 'model_version (tenant_id, family, model_name, version) WHERE deleted_at IS NULL',
  model_version_size_class: 'model_version (tenant_id, size_class, model_name, version) WHERE deleted_at IS NULL',
  version_tag_value: 'version_tag (tenant_id, key, value_start, model_name, version)',
};

/** Tags, descriptions, deleted models, removed aliases, and what makes searches quick. */
export class Search1700000000004 implements MigrationInterface {
  readonly name = 'Search1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, column] of Object.entries(NAMES))
      await runner.query(`ALTER TABLE ${table} ALTER COLUMN ${column} TYPE text COLLATE "C"`);
    for (const change of CHANGES) await runner.query(change);
    for (const [table, columns] of Object.entries(TABLES)) {
      await runner.query(`CREATE TABLE ${table} (${columns})`);
      await tenantTable(runner, table);
    }
    for (const [name, index] of Object.entries(INDEXES)) await runner.query(`CREATE INDEX ${name} ON ${index}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of Object.keys(INDEXES).reverse()) await runner.query(`DROP INDEX ${name}`);
    for (const table of Object.keys(TABLES).reverse()) await runner.query(`DROP TABLE ${table}`);
    await runner.query('DELETE FROM alias_move WHERE version IS NULL');
    await runner.query(
      'ALTER TABLE alias_move ALTER COLUMN version SET NOT NULL, ALTER COLUMN version_id SET NOT NULL',
    );
    await runner.query(
      'ALTER TABLE model_version DROP COLUMN size_class, DROP COLUMN family, DROP COLUMN deleted_at, DROP COLUMN description',
    );
    await runner.query(
      'ALTER TABLE model DROP COLUMN earlier_versions, DROP COLUMN deleted_at, DROP COLUMN updated_at, DROP COLUMN description',
    );
  }
}
