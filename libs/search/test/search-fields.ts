import type { FieldName, SearchField, SearchFields } from '../src/index.js';

const exists = (table: string) => (key: string, test: string) =>
  `EXISTS (SELECT FROM ${table} t WHERE t.owner = o.name AND t.key = ${key} AND ${test})`;

/** Fields of a list `o` with tags and metrics. */
export const fields: SearchFields = {
  names: ['name', 'size', 'madeAt', 'title', 'tags.<key>', 'metrics.<key>'],
  find: ({ group, key }: FieldName): SearchField | undefined => {
    if (group === 'tags') return { kind: 'row', type: 'text', exists: exists('tag') };
    if (group === 'metrics') return { kind: 'row', type: 'number', exists: exists('metric') };
    if (group !== undefined) return undefined;
    if (key === 'madeAt') return { kind: 'time', sql: 'o.made_at' };
    if (key === 'title') return { kind: 'text', sql: 'o.title', start: 'o.title_start' };
    if (key === 'name') return { kind: 'text', sql: 'o.name' };
    return key === 'size' ? { kind: 'number', sql: 'o.size', isNullable: true } : undefined;
  },
};
