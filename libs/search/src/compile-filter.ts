import { type Comparison, type Expression, type FieldName, type Operator, nameOf } from './expression.js';
import { searchProblem } from './search-problem.js';

/**
 * What a field is in SQL. `text` and `number`: an expression over columns. `row`: of another table, one row a key: `exists` makes the
 * condition that such a row is there and its value passes `test`, in which the value is called `value`.
 */
export type SearchField =
  | { readonly kind: 'text' | 'number'; readonly sql: string; readonly isNullable?: boolean }
  | {
      readonly kind: 'row';
      readonly type: 'text' | 'number';
      /** `key` is the placeholder of the key that was asked for. */
      readonly exists: (key: string, test: string) => string;
    };

/** The fields that may be asked for; undefined: there is none of that name. `names` are shown to those who ask for others. */
export interface SearchFields {
  readonly names: readonly string[];
  find(name: FieldName): SearchField | undefined;
}

export interface CompiledFilter {
  /** A condition in brackets; holds only expressions of {@link SearchFields} and placeholders. */
  readonly sql: string;
  readonly values: readonly unknown[];
}

const TEXT_OPERATORS: readonly Operator[] = ['=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'];
const NUMBER_OPERATORS: readonly Operator[] = ['=', '!=', '<', '<=', '>', '>=', 'IN', 'NOT IN'];
const NULL_OPERATORS: readonly Operator[] = ['IS NULL', 'IS NOT NULL'];

/**
 * The condition in SQL, every value a parameter from `$firstParameter` on.
 * @throws {ProblemError} `search.filter_invalid`: a field that is not there, an operator or a value that it does not take
 */
export function compileFilter(expression: Expression, fields: SearchFields, firstParameter = 1): CompiledFilter {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${firstParameter + values.push(value) - 1}`;
  const compile = (node: Expression): string => {
    if (node.kind === 'comparison') return comparisonSql(node, fields, bind);
    if (node.kind === 'not') return `(NOT ${compile(node.of)})`;
    return `(${node.of.map(compile).join(node.kind === 'and' ? ' AND ' : ' OR ')})`;
  };
  return { sql: compile(expression), values };
}

type Bind = (value: unknown) => string;

function comparisonSql(comparison: Comparison, fields: SearchFields, bind: Bind): string {
  const { field: name, operator, at } = comparison;
  const field = fields.find(name);
  if (field === undefined)
    throw searchProblem('filter', `there is no field ${nameOf(name)}; there are ${fields.names.join(', ')}`, at);
  const type = field.kind === 'row' ? field.type : field.kind;
  const allowed = [
    ...(type === 'text' ? TEXT_OPERATORS : NUMBER_OPERATORS),
    ...(field.kind === 'row' || field.isNullable === true ? NULL_OPERATORS : []),
  ];
  if (!allowed.includes(operator))
    throw searchProblem('filter', `${nameOf(name)} takes ${allowed.join(', ')}, not ${operator}`, at);
  if (field.kind !== 'row') return `(${testSql(field.sql, comparison, { type, bind })})`;
  const key = bind(name.key);
  // a row that is not there has no value: it is NULL, and no other test holds for it
  if (operator === 'IS NULL') return `(NOT ${field.exists(key, 'true')})`;
  if (operator === 'IS NOT NULL') return `(${field.exists(key, 'true')})`;
  return `(${field.exists(key, testSql('value', comparison, { type, bind }))})`;
}

function testSql(
  sql: string,
  { field, operator, value, at }: Comparison,
  { type, bind }: { readonly type: 'text' | 'number'; readonly bind: Bind },
): string {
  if (value === undefined) return `${sql} ${operator}`;
  for (const one of typeof value === 'object' ? value : [value])
    if (typeof one !== (type === 'text' ? 'string' : 'number'))
      throw searchProblem('filter', `${nameOf(field)} is a ${type}, and ${JSON.stringify(one)} is none`, at);
  const cast = type === 'text' ? 'text' : 'double precision';
  if (operator === 'IN') return `${sql} = ANY(${bind(value)}::${cast}[])`;
  if (operator === 'NOT IN') return `${sql} <> ALL(${bind(value)}::${cast}[])`;
  // % and _ stand for others, as in SQL; a backslash stands for itself
  if (operator === 'LIKE' || operator === 'ILIKE')
    return `${sql} ${operator} ${bind(String(value).replaceAll('\\', '\\\\'))}::text`;
  return `${sql} ${operator === '!=' ? '<>' : operator} ${bind(value)}::${cast}`;
}
