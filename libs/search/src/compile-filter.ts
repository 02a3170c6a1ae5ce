import { type Comparison, type Expression, type FieldName, type Operator, nameOf } from './expression.js';
import { searchProblem } from './search-problem.js';

type ValueType = 'text' | 'number' | 'time';

/**
 * What a field is in SQL. `text`, `number` and `time`: an expression over columns. `row`: of another table, one row a key: `exists` makes the
 * condition that such a row is there and its value passes `test`, in which the value is called `value`.
 */
export type SearchField = {
  /** Of a text: an expression, compared by bytes, of its first {@link START_CHARACTERS} characters, which an index holds. */
  readonly start?: string;
} & (
  | { readonly kind: ValueType; readonly sql: string; readonly isNullable?: boolean }
  | {
      readonly kind: 'row';
      readonly type: ValueType;
      /** `key` is the placeholder of the key that was asked for. */
      readonly exists: (key: string, test: string) => string;
    }
);

/** Of a text, what an index may hold of it. */
export const START_CHARACTERS = 256;

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
const OPERATORS_OF: Readonly<Record<ValueType, readonly Operator[]>> = {
  text: TEXT_OPERATORS,
  number: NUMBER_OPERATORS,
  time: NUMBER_OPERATORS,
};
const SQL_TYPES: Readonly<Record<ValueType, string>> = {
  text: 'text',
  number: 'double precision',
  time: 'timestamptz',
};
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
  const allowed = [...OPERATORS_OF[type], ...(field.kind === 'row' || field.isNullable === true ? NULL_OPERATORS : [])];
  if (!allowed.includes(operator))
    throw searchProblem('filter', `${nameOf(name)} takes ${allowed.join(', ')}, not ${operator}`, at);
  const test = { type, start: field.start, bind };
  if (field.kind !== 'row') return `(${testSql(field.sql, comparison, test)})`;
  const key = bind(name.key);
  // a row that is not there has no value: it is NULL, and no other test holds for it
  if (operator === 'IS NULL') return `(NOT ${field.exists(key, 'true')})`;
  if (operator === 'IS NOT NULL') return `(${field.exists(key, 'true')})`;
  return `(${field.exists(key, testSql('value', comparison, test))})`;
}

interface Test {
  readonly type: ValueType;
  readonly start: string | undefined;
  readonly bind: Bind;
}

function testSql(sql: string, comparison: Comparison, { type, start, bind }: Test): string {
  const { operator, value } = comparison;
  if (value === undefined) return `${sql} ${operator}`;
  const values = (typeof value === 'object' ? value : [value]).map((one) => checked(one, type, comparison));
  const [first] = values;
  const cast = SQL_TYPES[type];
  if (operator === 'IN' || operator === '=') return isOneOf(sql, values, { type, start, bind });
  if (operator === 'NOT IN') return `${sql} <> ALL(${bind(values)}::${cast}[])`;
  if (operator === 'LIKE') return likeSql(sql, String(first), start, bind);
  if (operator === 'ILIKE') return `${sql} ILIKE ${bind(patternOf(String(first)))}::text`;
  return `${sql} ${operator === '!=' ? '<>' : operator} ${bind(first)}::${cast}`;
}

/** Values are looked for by their starts. A start that is shorter than it may be is the whole value. */
function isOneOf(sql: string, values: readonly (string | number)[], { type, start, bind }: Test): string {
  const among = (column: string, those: readonly unknown[]): string =>
    those.length === 1
      ? `${column} = ${bind(those[0])}::${SQL_TYPES[type]}`
      : `${column} = ANY(${bind(those)}::${SQL_TYPES[type]}[])`;
  if (start === undefined || start === sql) return among(sql, values);
  const starts = values.map((value) => charactersOf(String(value)).slice(0, START_CHARACTERS).join(''));
  const areWhole = starts.every((text) => charactersOf(text).length < START_CHARACTERS);
  return areWhole ? among(start, starts) : `${among(start, starts)} AND ${among(sql, values)}`;
}

/** As PostgreSQL counts them: code points. */
function charactersOf(text: string): readonly string[] {
  return Array.from(text);
}

/** A date, or a time with its zone, up to microseconds. */
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d))?$/;

function checked(value: string | number, type: ValueType, { field, at }: Comparison): string | number {
  if (typeof value !== (type === 'number' ? 'number' : 'string'))
    throw searchProblem('filter', `${nameOf(field)} is a ${type}, and ${JSON.stringify(value)} is none`, at);
  if (type !== 'time') return value;
  const text = String(value);
  if (!TIME.test(text) || Number.isNaN(Date.parse(text)))
    throw searchProblem('filter', `${nameOf(field)} takes a time as '2026-01-31T09:30:00Z' or '2026-01-31'`, at);
  return text.includes('T') ? text : `${text}T00:00:00Z`;
}

/** % and _ stand for others, as in SQL; a backslash stands for itself. */
function patternOf(text: string): string {
  return text.replaceAll('\\', '\\\\');
}

/** What begins with a text is a range of the starts: under row-level security LIKE itself is no condition for an index. */
function likeSql(sql: string, text: string, start: string | undefined, bind: Bind): string {
  const like = `${sql} LIKE ${bind(patternOf(text))}::text`;
  const prefix = charactersOf(/^[^%_]*/.exec(text)?.[0] ?? '')
    .slice(0, START_CHARACTERS)
    .join('');
  if (start === undefined || prefix === '') return like;
  const end = endOf(prefix);
  return `${like} AND ${start} >= ${bind(prefix)}::text${end === undefined ? '' : ` AND ${start} < ${bind(end)}::text`}`;
}

/** The first text after all that begin with `prefix`, by bytes; undefined where there is none. */
function endOf(prefix: string): string | undefined {
  const points = charactersOf(prefix).map((character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10_ff_ff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // what lies between are halves of surrogate pairs, which stand for nothing alone
  return String.fromCodePoint(...points, last === 0xd7_ff ? 0xe0_00 : last + 1);
}
