import { ProblemError } from '@myriad/kernel';

/** Which text of a request is at fault, by the pointer of its place there. */
export type SearchText = 'filter' | 'orderBy';

/** @returns `search.filter_invalid` or `search.order_invalid`; `at` in characters from 0 */
export function searchProblem(text: SearchText, detail: string, at?: number): ProblemError {
  const place = at === undefined ? '' : ` at character ${at + 1}`;
  return new ProblemError({
    kind: 'invalid',
    code: text === 'filter' ? 'search.filter_invalid' : 'search.order_invalid',
    detail: `${text}${place}: ${detail}`,
    errors: [{ pointer: `#query/${text}`, detail }],
  });
}
