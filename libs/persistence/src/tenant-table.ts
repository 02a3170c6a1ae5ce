import type { QueryRunner } from 'typeorm';

/** The setting that says whose rows a transaction sees: a tenant id, or `*` for work across tenants. */
export const TENANT_SETTING = 'myriad.tenant_id';
/** The value of {@link TENANT_SETTING} that sees every tenant. */
export const ACROSS_TENANTS = '*';

const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * The ends of the range of tenant ids that the setting allows: the id twice, or for `*` what sorts before and after every id
 * (`[a-z0-9-]`, compared by bytes). A range instead of `= … OR … = '*'` lets every index that leads with tenant_id serve the policy.
 * Unset, or reset at the end of a transaction (''), gives NULL, and NULL gives no rows.
 */
function bound(acrossTenants: string): string {
  const setting = `current_setting('${TENANT_SETTING}', true)`;
  return `CASE WHEN ${setting} = '${ACROSS_TENANTS}' THEN '${acrossTenants}' ELSE NULLIF(${setting}, '') END`;
}

const MINE = `tenant_id >= ${bound(' ')} AND tenant_id <= ${bound('~')}`;

/**
 * Makes a table with a `tenant_id` a tenant table, for use in a migration after `CREATE TABLE`: row-level security on and forced
 * (the owner obeys it too), one policy for reading and writing, ids compared by bytes. The app role gets DML when migrations end.
 * @throws {TypeError} when the name is no plain identifier
 */
export async function tenantTable(queryRunner: QueryRunner, table: string): Promise<void> {
  if (!NAME.test(table)) throw new TypeError(`'${table}' is not a table name (${NAME.source})`);
  await queryRunner.query(`ALTER TABLE ${table} ALTER COLUMN tenant_id TYPE text COLLATE "C"`);
  await queryRunner.query(`ALTER TABLE ${table} ALTER COLUMN tenant_id SET NOT NULL`);
  await queryRunner.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
  await queryRunner.query(`ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`);
  await queryRunner.query(`CREATE POLICY tenant_isolation ON ${table} USING (${MINE}) WITH CHECK (${MINE})`);
}
