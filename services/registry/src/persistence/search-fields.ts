import type { FieldName, SearchField, SearchFields } from '@myriad/search';

/** Where a page goes on in names, as a condition on `column`: what belongs to a name is then found in the order of the page. */
export type After = (column: string) => string;

function tagsOf(table: string, join: string, after: string): SearchField {
  return {
    kind: 'row',
    type: 'text',
    start: 'value_start',
    exists: (key, test) =>
      `EXISTS (SELECT FROM ${table} t WHERE t.tenant_id = $1 AND ${join} AND t.key = ${key} AND ${test}${after})`,
  };
}

const MODEL_FIELDS: Readonly<Record<string, SearchField>> = {
  name: { kind: 'text', sql: 'm.name', start: 'm.name' },
  application: { kind: 'text', sql: 'm.application', isNullable: true },
  createdAt: { kind: 'time', sql: 'm.created_at' },
  updatedAt: { kind: 'time', sql: 'm.updated_at' },
  latestVersion: {
    kind: 'number',
    sql: 'CASE WHEN m.latest_version > m.earlier_versions THEN m.latest_version END',
    isNullable: true,
  },
};

/** Fields of models `m`; parameter 1 of the query is the tenant. */
export function modelFields(after: After): SearchFields {
  const tags = tagsOf('model_tag', 't.model_name = m.name', after('t.model_name'));
  const aliases: SearchField = {
    kind: 'row',
    type: 'number',
    exists: (key, test) =>
      `EXISTS (SELECT FROM (SELECT tenant_id, model_name, alias, version AS value FROM model_alias) a WHERE a.tenant_id = $1 AND a.model_name = m.name AND a.alias = ${key} AND ${test}${after('a.model_name')})`,
  };
  return {
    names: [...Object.keys(MODEL_FIELDS), 'tags.<key>', 'aliases.<alias>'],
    find: ({ group, key }: FieldName) => {
      if (group === 'tags') return tags;
      if (group === 'aliases') return aliases;
      return group === undefined && Object.hasOwn(MODEL_FIELDS, key) ? MODEL_FIELDS[key] : undefined;
    },
  };
}

const VERSION_FIELDS: Readonly<Record<string, SearchField>> = {
  modelName: { kind: 'text', sql: 'v.model_name', start: 'v.model_name' },
  version: { kind: 'number', sql: 'v.version' },
  versionId: { kind: 'text', sql: 'v.version_id' },
  runId: { kind: 'text', sql: 'v.run_id', isNullable: true },
  status: { kind: 'text', sql: 'v.status' },
  application: { kind: 'text', sql: 'v.application', isNullable: true },
  family: { kind: 'text', sql: 'v.family', isNullable: true },
  sizeClass: { kind: 'text', sql: 'v.size_class', isNullable: true },
  artifactDigest: { kind: 'text', sql: 'v.artifact_digest' },
  registeredAt: { kind: 'time', sql: 'v.registered_at' },
};

/** Fields of versions `v`; parameter 1 of the query is the tenant. */
export function versionFields(after: After): SearchFields {
  const tags = tagsOf('version_tag', 't.model_name = v.model_name AND t.version = v.version', after('t.model_name'));
  return {
    names: [...Object.keys(VERSION_FIELDS), 'tags.<key>'],
    find: ({ group, key }: FieldName) => {
      if (group === 'tags') return tags;
      return group === undefined && Object.hasOwn(VERSION_FIELDS, key) ? VERSION_FIELDS[key] : undefined;
    },
  };
}
