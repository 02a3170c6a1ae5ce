import type { DataSource } from 'typeorm';

/** Refuses a database in which tenants would not be kept apart. @throws {Error} that names the role or the tables */
export async function checkIsolation(dataSource: DataSource): Promise<void> {
  const [role] = await dataSource.query<{ name: string; bypasses: boolean }[]>(
    'SELECT rolname AS name, rolsuper OR rolbypassrls AS bypasses FROM pg_roles WHERE rolname = current_user',
  );
  if (role?.bypasses !== false)
    throw new Error(
      `the role ${role?.name ?? '?'} may bypass row-level security; give the service a role that may not`,
    );
  const tables = await dataSource.query<{ name: string; is_owned: boolean }[]>(`
    SELECT c.relname AS name, pg_has_role(c.relowner, 'MEMBER') AS is_owned
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
      AND (NOT (c.relrowsecurity AND c.relforcerowsecurity) OR pg_has_role(c.relowner, 'MEMBER'))
    ORDER BY c.relname`);
  const owned = tables.filter((table) => table.is_owned).map((table) => table.name);
  if (owned.length > 0)
    throw new Error(`the role ${role.name} owns ${owned.join(', ')} and could switch row-level security off`);
  if (tables.length > 0)
    throw new Error(
      `tables with a tenant_id but without forced row-level security: ${tables.map((table) => table.name).join(', ')}; call tenantTable() in the migration that makes them`,
    );
}
