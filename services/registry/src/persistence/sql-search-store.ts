import type { Page } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { type Expression, type OrderTerm, compileFilter, searchProblem } from '@myriad/search';
import { Injectable } from '@nestjs/common';
import type { ModelCounts, ModelSearch, SearchStore, VersionSearch } from '../application/ports.js';
import type { Model, ModelVersion } from '../domain/model.js';
import { type OrderColumn, type Ordering, keysetPage } from './keyset-query.js';
import { modelFields, versionFields } from './search-fields.js';
import { MODEL_COLUMNS, type ModelRecord, toModel } from './sql-model-store.js';
import { VERSION_COLUMNS, type VersionRecord, toVersion } from './sql-version-store.js';

const NAME: OrderColumn = { sql: 'm.name', type: 'text' };
const MODEL_ORDERS: Readonly<Record<string, readonly OrderColumn[]>> = {
  name: [NAME],
  createdAt: [{ sql: 'm.created_at', type: 'timestamptz' }, NAME],
  updatedAt: [{ sql: 'm.updated_at', type: 'timestamptz' }, NAME],
};
const VERSION_KEY: readonly OrderColumn[] = [
  { sql: 'v.model_name', type: 'text' },
  { sql: 'v.version', type: 'integer' },
];
const VERSION_ORDERS: Readonly<Record<string, readonly OrderColumn[]>> = {
  modelName: VERSION_KEY,
  registeredAt: [{ sql: 'v.registered_at', type: 'timestamptz' }, ...VERSION_KEY],
};

/** @throws {ProblemError} `search.order_invalid` */
function orderingOf(orders: Readonly<Record<string, readonly OrderColumn[]>>, term: OrderTerm | undefined): Ordering {
  const [first = ''] = Object.keys(orders);
  const key = term === undefined ? first : term.field.key;
  const columns = term?.field.group === undefined && Object.hasOwn(orders, key) ? orders[key] : undefined;
  if (columns === undefined)
    throw searchProblem('orderBy', `takes ${Object.keys(orders).join(', ')}, with ASC or DESC`);
  return { columns, isDescending: term?.isDescending ?? false };
}

function versionKey(key: { readonly model_name: string; readonly version: number }): string {
  return `${key.model_name}/${key.version}`;
}

function inOrderOf<R>(keys: readonly string[], rows: readonly R[], keyOf: (row: R) => string): readonly R[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return keys.map((key) => byKey.get(key)).filter((row) => row !== undefined);
}

const MOST_VALUES = 100;

function countsSql(condition: string): string {
  const top = `ORDER BY count DESC, value LIMIT ${MOST_VALUES}`;
  return `
    WITH found AS MATERIALIZED (SELECT m.name, m.application, m.latest_version, m.earlier_versions FROM model m WHERE ${condition})
    SELECT (SELECT count(*)::int FROM found) AS total,
      (SELECT jsonb_agg(c) FROM (SELECT application AS value, count(*)::int AS count FROM found GROUP BY 1 ${top}) c) AS applications,
      (SELECT jsonb_agg(c) FROM (SELECT a.alias AS value, count(*)::int AS count FROM found f
         JOIN model_alias a ON a.tenant_id = $1 AND a.model_name = f.name GROUP BY 1 ${top}) c) AS aliases,
      (SELECT jsonb_agg(c) FROM (SELECT v.status AS value, count(*)::int AS count FROM found f
         JOIN model_version v ON v.tenant_id = $1 AND v.model_name = f.name AND v.version = f.latest_version
         WHERE f.latest_version > f.earlier_versions GROUP BY 1 ${top}) c) AS statuses`;
}

interface CountsRecord {
  total: number;
  applications: ModelCounts['byApplication'] | null;
  aliases: ModelCounts['byAlias'] | null;
  statuses: ModelCounts['byStatus'] | null;
}

@Injectable()
export class SqlSearchStore implements SearchStore {
  async models(tx: Tx, search: ModelSearch): Promise<Page<Model>> {
    const { filter, orderBy, isDeleted, page, list } = search;
    const { items, ...rest } = await keysetPage<{ name: string }>(tx, {
      key: 'm.name',
      from: 'model m',
      where: `m.tenant_id = $1 AND m.deleted_at IS ${isDeleted ? 'NOT NULL' : 'NULL'}`,
      ordering: orderingOf(MODEL_ORDERS, orderBy),
      list,
      page,
      filter: (first, after) => filter && compileFilter(filter, modelFields(after), first),
    });
    const names = items.map(({ name }) => name);
    const rows = await tx.query<ModelRecord>(
      `SELECT ${MODEL_COLUMNS} FROM model m WHERE m.tenant_id = $1 AND m.name = ANY($2::text[])`,
      [tx.tenantId, names],
    );
    return { ...rest, items: inOrderOf(names, rows, ({ name }) => name).map(toModel) };
  }

  async versions(tx: Tx, { filter, orderBy, page, list }: VersionSearch): Promise<Page<ModelVersion>> {
    const { items, ...rest } = await keysetPage<{ model_name: string; version: number }>(tx, {
      key: 'v.model_name, v.version',
      from: 'model_version v',
      where: 'v.tenant_id = $1 AND v.deleted_at IS NULL',
      ordering: orderingOf(VERSION_ORDERS, orderBy),
      list,
      page,
      filter: (first, after) => filter && compileFilter(filter, versionFields(after), first),
    });
    const rows = await tx.query<VersionRecord>(
      `SELECT ${VERSION_COLUMNS} FROM unnest($2::text[], $3::int[]) AS key (model_name, version)
       JOIN model_version v ON v.tenant_id = $1 AND v.model_name = key.model_name AND v.version = key.version`,
      [tx.tenantId, items.map((key) => key.model_name), items.map(({ version }) => version)],
    );
    return { ...rest, items: inOrderOf(items.map(versionKey), rows, versionKey).map(toVersion) };
  }

  async count(tx: Tx, filter: Expression | undefined): Promise<ModelCounts> {
    const compiled =
      filter &&
      compileFilter(
        filter,
        modelFields(() => ''),
        2,
      );
    const condition = `m.tenant_id = $1 AND m.deleted_at IS NULL${compiled ? ` AND ${compiled.sql}` : ''}`;
    const [row] = await tx.query<CountsRecord>(countsSql(condition), [tx.tenantId, ...(compiled?.values ?? [])]);
    if (!row) throw new Error('a count gave no row');
    const { total, applications, aliases, statuses } = row;
    return { total, byApplication: applications ?? [], byAlias: aliases ?? [], byStatus: statuses ?? [] };
  }
}
