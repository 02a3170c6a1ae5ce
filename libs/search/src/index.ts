export {
  compileFilter,
  START_CHARACTERS,
  type CompiledFilter,
  type SearchField,
  type SearchFields,
} from './compile-filter.js';
export type { Comparison, Expression, FieldName, Literal, Operator } from './expression.js';
export { parseFilter, type FilterGrammar } from './parse-filter.js';
export { parseOrder, type OrderTerm } from './parse-order.js';
export { searchProblem } from './search-problem.js';
