import type { FieldName } from './expression.js';
import { searchProblem } from './search-problem.js';
import { tokensOf, type Token } from './tokens.js';

export interface OrderTerm {
  readonly field: FieldName;
  readonly isDescending: boolean;
}

/**
 * Reads one term of an order: `name`, `metrics."f1 score" DESC`.
 * @throws {ProblemError} `search.order_invalid`
 */
export function parseOrder(text: string): OrderTerm {
  const tokens = tokensOf(text, 'orderBy').filter(({ kind }) => kind !== 'end');
  const direction = directionOf(tokens.at(-1), tokens.length);
  const names = direction === undefined ? tokens : tokens.slice(0, -1);
  const isName = names.length > 0 && names.every((token, at) => at === 0 || token.isJoined);
  if (!isName || names.some(({ kind }) => kind !== 'word' && kind !== 'name'))
    throw searchProblem('orderBy', `'${text}' is no order: the name of a field, and ASC or DESC`);
  const [first, ...rest] = names as [Token, ...Token[]];
  const dot = first.kind === 'word' ? first.value.indexOf('.') : -1;
  const [group, start] = dot < 0 ? [undefined, first.value] : [first.value.slice(0, dot), first.value.slice(dot + 1)];
  const key = start + rest.map(({ value }) => value).join('');
  if (key === '' || group === '') throw searchProblem('orderBy', `'${text}' names no field`);
  return { field: { group, key }, isDescending: direction === 'desc' };
}

function directionOf(last: Token | undefined, count: number): 'asc' | 'desc' | undefined {
  const word = count > 1 && last?.kind === 'word' && !last.isJoined ? last.value.toLowerCase() : '';
  return word === 'asc' || word === 'desc' ? word : undefined;
}
