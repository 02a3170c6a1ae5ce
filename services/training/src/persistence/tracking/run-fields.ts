import { ProblemError } from '@myriad/kernel';
import type { OrderTerm, SearchField, SearchFields } from '@myriad/search';
import { millis } from './mlflow-search.js';

const STATUS = `CASE r.status WHEN 'queued' THEN 'SCHEDULED' WHEN 'running' THEN 'RUNNING' WHEN 'failed' THEN 'FAILED' WHEN 'cancelled' THEN 'KILLED' ELSE 'FINISHED' END`;
const STARTED = 'coalesce(r.started_at, r.created_at)';

const text = (sql: string): SearchField => ({ kind: 'text', sql });
const number = (sql: string): SearchField => ({ kind: 'number', sql, isNullable: true });
const ATTRIBUTES: Readonly<Record<string, SearchField>> = {
  run_id: text('r.run_id'),
  run_name: text('r.run_name'),
  'run name': text('r.run_name'),
  user_id: text('r.user_id'),
  status: text(STATUS),
  artifact_uri: text(`(coalesce(e.artifact_location, 'mlflow-artifacts:/0') || '/' || r.run_id || '/artifacts')`),
  start_time: number(millis(STARTED)),
  created: number(millis(STARTED)),
  end_time: number(millis('r.ended_at')),
};

const rows = (table: string, key: string, type: 'text' | 'number'): SearchField => ({
  kind: 'row',
  type,
  exists: (placeholder, test) =>
    `EXISTS (SELECT 1 FROM ${table} AS x WHERE x.tenant_id = r.tenant_id AND x.run_id = r.run_id AND x.${key} = ${placeholder} AND ${test})`,
});
const GROUPS: Readonly<Record<string, SearchField>> = {
  metrics: rows('run_latest_metric', 'name', 'number'),
  params: rows('run_param', 'key', 'text'),
  tags: rows('run_tag', 'key', 'text'),
};
/** Where the value of a group's key is, to order by it. */
const VALUES: Readonly<Record<string, readonly [string, string]>> = {
  metrics: ['run_latest_metric', 'name'],
  params: ['run_param', 'key'],
  tags: ['run_tag', 'key'],
};
const ALIASES: Readonly<Record<string, string>> = {
  metric: 'metrics',
  param: 'params',
  parameter: 'params',
  parameters: 'params',
  tag: 'tags',
  attribute: 'attributes',
  attr: 'attributes',
  run: 'attributes',
  dataset: 'datasets',
};
/** Of the datasets that a run reads. */
const DATASETS: Readonly<Record<string, string>> = { name: 'x.name', digest: 'x.dataset_digest' };

const groupOf = (group: string | undefined): string => (group === undefined ? 'attributes' : (ALIASES[group] ?? group));
const attribute = (key: string): SearchField | undefined =>
  Object.hasOwn(ATTRIBUTES, key.toLowerCase()) ? ATTRIBUTES[key.toLowerCase()] : undefined;

function ofDatasets(key: string): SearchField | undefined {
  const sql = DATASETS[key];
  if (sql === undefined) return undefined;
  return {
    kind: 'row',
    type: 'text',
    exists: (placeholder, test) =>
      `EXISTS (SELECT 1 FROM (SELECT ${sql} AS value FROM run_input AS x WHERE x.tenant_id = r.tenant_id AND x.run_id = r.run_id) AS x WHERE ${placeholder}::text IS NOT NULL AND ${test})`,
  };
}

/** What runs can be searched by; in the query they are `r`, their experiment `e`. */
export const runFields: SearchFields = {
  names: ['attributes.<name>', 'metrics.<key>', 'params.<key>', 'tags.<key>', 'datasets.name', 'datasets.digest'],
  find: ({ group, key }) => {
    const name = groupOf(group);
    if (name === 'attributes') return attribute(key);
    return name === 'datasets' ? ofDatasets(key) : Object.hasOwn(GROUPS, name) ? GROUPS[name] : undefined;
  },
};

/** What is missing, or no number, comes last, whatever the direction. */
export function runOrder({ field, isDescending }: OrderTerm, bind: (value: unknown) => string): string {
  const direction = `${isDescending ? 'DESC' : 'ASC'} NULLS LAST`;
  const group = groupOf(field.group);
  const known = group === 'attributes' ? attribute(field.key) : undefined;
  if (known !== undefined && known.kind !== 'row') return `${known.sql} ${direction}`;
  const found = Object.hasOwn(VALUES, group) ? VALUES[group] : undefined;
  if (found === undefined) {
    const detail = `runs have no '${field.key}' to be ordered by; there are ${runFields.names.join(', ')}`;
    throw new ProblemError({ kind: 'invalid', code: 'search.order_invalid', detail });
  }
  const [table, key] = found;
  const value = group === 'metrics' ? `nullif(x.value, 'NaN')` : 'x.value';
  return `(SELECT ${value} FROM ${table} AS x WHERE x.tenant_id = r.tenant_id AND x.run_id = r.run_id AND x.${key} = ${bind(field.key)}) ${direction}`;
}
