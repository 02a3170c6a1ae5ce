export const OPERATORS = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'LIKE',
  'ILIKE',
  'IN',
  'NOT IN',
  'IS NULL',
  'IS NOT NULL',
] as const;
export type Operator = (typeof OPERATORS)[number];

/** A text, a number, or the list of `IN`; undefined where the operator takes none. */
export type Literal = string | number | readonly (string | number)[] | undefined;

/** What a comparison looks at: `tags.team` is key `team` of group `tags`, `name` is key `name` of no group. */
export interface FieldName {
  readonly group: string | undefined;
  readonly key: string;
}

export interface Comparison {
  readonly kind: 'comparison';
  readonly field: FieldName;
  readonly operator: Operator;
  readonly value: Literal;
  /** Where it stands in the text, characters from 0. */
  readonly at: number;
}

/** A filter, parsed. */
export type Expression =
  | Comparison
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression };

export function nameOf({ group, key }: FieldName): string {
  return group === undefined ? key : `${group}.${key}`;
}
