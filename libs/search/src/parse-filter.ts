import { type Comparison, type Expression, type FieldName, type Literal, type Operator, nameOf } from './expression.js';
import { searchProblem } from './search-problem.js';
import { type Token, tokensOf } from './tokens.js';

/** `conjunctions`: comparisons joined by AND, as MLflow has them; `full`: also OR, NOT and brackets. */
export type FilterGrammar = 'conjunctions' | 'full';

const MAX_COMPARISONS = 100;
const MAX_DEPTH = 20;
const MAX_LIST = 1_000;
const SIGNS: Readonly<Record<string, Operator>> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/**
 * Reads `name LIKE 'churn-%' AND tags.team = 'ops'`. Keywords in any case; texts in single quotes (double quotes are taken, too, where a value stands);
 * `group.key`, `group."any key"`; numbers; `IN ('a', 'b')`; `IS NULL`. An empty text is no filter.
 * @throws {ProblemError} `search.filter_invalid` with the place and what is allowed there; over 16,384 characters, 100 comparisons, 20 levels of brackets or 1,000 values of a list
 */
export function parseFilter(text: string, grammar: FilterGrammar = 'full'): Expression | undefined {
  const parser = new Parser(tokensOf(text, 'filter'), grammar);
  return parser.whole();
}

class Parser {
  #at = 0;
  #comparisons = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly grammar: FilterGrammar,
  ) {}

  private get end(): Token {
    return { kind: 'end', value: '', at: this.tokens.at(-1)?.at ?? 0, isJoined: false };
  }

  whole(): Expression | undefined {
    if (this.peek().kind === 'end') return undefined;
    const expression = this.alternatives(0);
    if (this.peek().kind !== 'end')
      throw this.expected(this.grammar === 'full' ? 'AND, OR or the end' : 'AND or the end');
    return expression;
  }

  private alternatives(depth: number): Expression {
    return this.joined('or', () => this.joined('and', () => this.factor(depth)));
  }

  private joined(kind: 'and' | 'or', part: () => Expression): Expression {
    const first = part();
    const of = [first];
    while ((kind === 'and' || this.grammar === 'full') && this.takeWord(kind)) of.push(part());
    return of.length === 1 ? first : { kind, of };
  }

  private factor(depth: number): Expression {
    if (depth > MAX_DEPTH) throw searchProblem('filter', `brackets are nested over ${MAX_DEPTH} deep`, this.peek().at);
    if (this.grammar === 'full' && this.takeWord('not')) return { kind: 'not', of: this.factor(depth + 1) };
    if (this.grammar === 'full' && this.takeSign('(')) {
      const inner = this.alternatives(depth + 1);
      if (!this.takeSign(')')) throw this.expected('a closing bracket');
      return inner;
    }
    return this.comparison();
  }

  private comparison(): Comparison {
    if (++this.#comparisons > MAX_COMPARISONS)
      throw searchProblem('filter', `holds over ${MAX_COMPARISONS} comparisons`, this.peek().at);
    const { at } = this.peek();
    const field = this.field();
    const operator = this.operator(field);
    return { kind: 'comparison', field, operator, value: this.valueOf(operator, field), at };
  }

  private field(): FieldName {
    const { at } = this.peek();
    if (!this.isName()) throw this.expected('the name of a field');
    let name = '';
    let group: string | undefined;
    // only what stands without quotes is cut at its first dot
    do {
      const { kind, value } = this.take();
      const dot = kind === 'word' && group === undefined ? value.indexOf('.') : -1;
      if (dot >= 0) [group, name] = [name + value.slice(0, dot), value.slice(dot + 1)];
      else name += value;
    } while (this.peek().isJoined && this.isName());
    if (name === '' || group === '') throw searchProblem('filter', 'a name is empty', at);
    return { group, key: name };
  }

  private operator(field: FieldName): Operator {
    const sign = this.peek().kind === 'sign' ? SIGNS[this.peek().value] : undefined;
    if (sign !== undefined) return (this.take(), sign);
    if (this.takeWord('like')) return 'LIKE';
    if (this.takeWord('ilike')) return 'ILIKE';
    if (this.takeWord('in')) return 'IN';
    if (this.takeWord('not')) {
      if (this.takeWord('in')) return 'NOT IN';
      throw this.expected('IN');
    }
    if (this.takeWord('is')) {
      const isNot = this.takeWord('not');
      if (this.takeWord('null')) return isNot ? 'IS NOT NULL' : 'IS NULL';
      throw this.expected('NULL');
    }
    throw this.expected(
      `an operator after ${nameOf(field)}: =, !=, <, <=, >, >=, LIKE, ILIKE, IN, NOT IN, IS NULL or IS NOT NULL`,
    );
  }

  private valueOf(operator: Operator, field: FieldName): Literal {
    if (operator === 'IS NULL' || operator === 'IS NOT NULL') return undefined;
    if (operator !== 'IN' && operator !== 'NOT IN') return this.single(field);
    if (!this.takeSign('(')) throw this.expected(`a list in brackets after ${operator}`);
    const values: (string | number)[] = [];
    do values.push(this.single(field));
    while (this.takeSign(','));
    if (!this.takeSign(')')) throw this.expected('a comma or a closing bracket');
    if (values.length > MAX_LIST) throw searchProblem('filter', `a list holds over ${MAX_LIST} values`, this.peek().at);
    return values;
  }

  private single(field: FieldName): string | number {
    const { kind } = this.peek();
    if (kind === 'text' || kind === 'name') return this.take().value;
    if (kind === 'number') return Number(this.take().value);
    throw this.expected(`a value for ${nameOf(field)}: a number, or a text in single quotes`);
  }

  /** The next token; past the end it is the end again. */
  private peek(): Token {
    return this.tokens[this.#at] ?? this.end;
  }

  private take(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }

  private isName(): boolean {
    return this.peek().kind === 'word' || this.peek().kind === 'name';
  }

  private takeWord(word: string): boolean {
    const isNext = this.peek().kind === 'word' && this.peek().value.toLowerCase() === word;
    if (isNext) this.#at++;
    return isNext;
  }

  private takeSign(sign: string): boolean {
    const isNext = this.peek().kind === 'sign' && this.peek().value === sign;
    if (isNext) this.#at++;
    return isNext;
  }

  private expected(what: string): Error {
    const { kind, value, at } = this.peek();
    return searchProblem('filter', `found ${kind === 'end' ? 'the end' : `'${value}'`}, expected ${what}`, at);
  }
}
