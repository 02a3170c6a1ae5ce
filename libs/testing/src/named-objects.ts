import { type Digest, digestOf, tenantId } from '@myriad/kernel';
import type { Tx, UnitOfWork } from '@myriad/persistence';
import { testContext } from './test-context.js';

/** A column that names objects, and how to write a digest into it; what else the row needs is filled in. */
export interface NamingColumn {
  readonly table: string;
  readonly values: (digest: Digest) => Readonly<Record<string, unknown>>;
}

export interface NamedObjectsTrial {
  readonly uow: UnitOfWork;
  /** Every column in which this service names objects that it stored. */
  readonly columns: readonly NamingColumn[];
  /** Columns of digests that others' objects or no objects have, as `table.column`. */
  readonly elsewhere: readonly string[];
  /** What the service says that it names of these. */
  readonly ask: (tenant: string, digests: readonly Digest[]) => Promise<readonly Digest[]>;
}

/** What {@link tryNamedObjects} found; the first two are to be equal, the others empty. */
export interface NamedObjectsFindings {
  readonly written: readonly Digest[];
  readonly named: readonly Digest[];
  /** Of the same digests, said for a tenant that has no such rows. */
  readonly namedForNeighbour: readonly Digest[];
  /** Columns of digests that the trial was not told of. */
  readonly unknownColumns: readonly string[];
}

/** Writes a row for each column that names objects, and asks the service what it names. */
export async function tryNamedObjects(trial: NamedObjectsTrial): Promise<NamedObjectsFindings> {
  const [tenant, neighbour] = [tenantId('names-them'), tenantId('names-none')];
  const written: Digest[] = [];
  for (const [at, { table, values }] of trial.columns.entries()) {
    const digest = digestOf(`object ${at} of ${table}`);
    written.push(digest);
    await trial.uow.run(testContext(tenant), (tx) => insertFilled(tx, table, values(digest)));
  }
  const asked = [...written, digestOf('an object that nobody names')];
  const named = await trial.ask(tenant, asked);
  const namedForNeighbour = await trial.ask(neighbour, asked);
  return {
    written: written.toSorted(),
    named: named.toSorted(),
    namedForNeighbour,
    unknownColumns: await unknownColumns(trial),
  };
}

interface Column {
  readonly table_name: string;
  readonly column_name: string;
  readonly data_type: string;
  readonly is_required: boolean;
}

const COLUMNS = `
  select table_name, column_name, data_type, is_nullable = 'NO' and column_default is null and is_identity = 'NO' and is_generated = 'NEVER' as is_required
  from information_schema.columns where table_schema = 'public'`;
const FILLER: Readonly<Record<string, unknown>> = {
  text: 'filled',
  integer: 1,
  bigint: 1,
  boolean: false,
  jsonb: '{}',
  ARRAY: [],
  'timestamp with time zone': new Date(0),
};

async function insertFilled(tx: Tx, table: string, values: Readonly<Record<string, unknown>>): Promise<void> {
  const columns = await tx.query<Column>(`${COLUMNS} and table_name = $1`, [table]);
  const required = columns.filter((column) => column.is_required);
  const row: Record<string, unknown> = {
    ...Object.fromEntries(required.map((column) => [column.column_name, FILLER[column.data_type]])),
    // several rows of one table need keys of their own
    ...Object.fromEntries(
      required.filter(isKey).map((column) => [column.column_name, digestOf(JSON.stringify(values))]),
    ),
    tenant_id: tx.tenantId,
    ...values,
  };
  const names = Object.keys(row);
  const places = names.map((_name, at) => `$${at + 1}`).join(', ');
  await tx.query(`insert into ${table} (${names.join(', ')}) values (${places})`, Object.values(row));
}

const isKey = ({ column_name: name, data_type: type }: Column): boolean => type === 'text' && name.endsWith('_id');

async function unknownColumns({ uow, columns, elsewhere }: NamedObjectsTrial): Promise<readonly string[]> {
  const found = await uow.run(testContext('names-none'), (tx) =>
    tx.query<Column>(`${COLUMNS} and column_name like '%digest'`),
  );
  const known = new Set(elsewhere);
  for (const { table, values } of columns)
    for (const name of Object.keys(values(digestOf('any')))) known.add(`${table}.${name}`);
  return found.map((column) => `${column.table_name}.${column.column_name}`).filter((name) => !known.has(name));
}
