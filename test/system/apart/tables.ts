import type { Mesh } from '../mesh.js';

/** A table of a service, and what is wrong with it. */
export interface TenantTable {
  readonly table: string;
  /** Rows of anybody but the stranger. */
  readonly othersRows: number;
  readonly faults: readonly string[];
}

/** Tables that belong to no tenant, each with the reason. */
const OF_NOBODY: ReadonlyMap<string, string> = new Map([['migrations', 'which changes the schema has had']]);

/** The databases that services keep their state in; the event log's has tables of its own kind. */
export async function databasesOf(mesh: Mesh): Promise<readonly string[]> {
  const all = await mesh.query('postgres', 'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1');
  const found = await Promise.all(
    all.map(async ({ datname }) => {
      const [row] = await mesh.query(String(datname), `SELECT to_regclass('public.outbox') IS NOT NULL AS is_service`);
      return row?.['is_service'] === true ? [String(datname)] : [];
    }),
  );
  return found.flat();
}

/** Looks at every table of a database, as its superuser and as the role that the service runs as. */
export async function tablesOf(mesh: Mesh, database: string, strangerId: string): Promise<readonly TenantTable[]> {
  const found = await mesh.query(
    database,
    `SELECT n.nspname || '.' || c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS is_forced,
            EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull) AS has_tenant,
            (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid)::int AS policies
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind IN ('r', 'p') ORDER BY 1`,
  );
  const [role] = await mesh.query(
    database,
    `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE '%\\_app' AND has_table_privilege(rolname, 'outbox', 'INSERT')`,
  );
  const tables = found.filter(({ name }) => !OF_NOBODY.has(String(name).replace('public.', '')));
  return Promise.all(
    tables.map(async ({ name, is_forced, has_tenant, policies }) => {
      const table = `${database}.${String(name)}`;
      if (has_tenant !== true) return { table, othersRows: 0, faults: ['it has no tenant_id'] };
      const count = (where: string, tenantId?: string): Promise<number> =>
        mesh.countAs(
          database,
          `SELECT count(*)::int AS n FROM ${String(name)} WHERE ${where}`,
          tenantId === undefined ? undefined : { role: String(role?.['name']), tenantId },
        );
      const foreign = `tenant_id <> '${strangerId}'`;
      const faults = [
        ...(is_forced === true && policies === 1 ? [] : ['row-level security is not forced by one policy']),
        ...((await count('true', '')) === 0 ? [] : ['it shows rows though no tenant is set']),
        ...((await count(foreign, strangerId)) === 0 ? [] : ["it shows a tenant another's rows"]),
      ];
      return { table, othersRows: await count(foreign), faults };
    }),
  );
}

/** Rows that change by themselves, or that tell of every request. */
const MOVING: ReadonlySet<string> = new Set(['outbox', 'inbox', 'cost_hour', 'audit_record', 'audit_head']);

/** A digest of a tenant's rows, by table. */
export async function rowsOf(mesh: Mesh, tenantId: string): Promise<Readonly<Record<string, string>>> {
  const databases = await databasesOf(mesh);
  const all = await Promise.all(
    databases.map(async (database) => {
      const tables = await mesh.query(
        database,
        `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')`,
      );
      const names = tables.map(({ name }) => String(name)).filter((name) => !MOVING.has(name));
      const digests = names.map(
        (name) =>
          `SELECT '${database}.${name}' AS name, count(*) || ' ' || coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') AS digest
           FROM ${name} t WHERE tenant_id = '${tenantId}'`,
      );
      return mesh.query(database, digests.join(' UNION ALL '));
    }),
  );
  return Object.fromEntries(all.flat().map(({ name, digest }) => [String(name), String(digest)]));
}
