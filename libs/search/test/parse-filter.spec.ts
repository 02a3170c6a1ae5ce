import { describe, expect, it } from '@jest/globals';
import { type Expression, parseFilter, parseOrder } from '../src/index.js';

/** The expression as a text that shows how it was understood. */
function shown(expression: Expression | undefined): string {
  if (expression === undefined) return '';
  if (expression.kind === 'not') return `not ${shown(expression.of)}`;
  if (expression.kind !== 'comparison') return `(${expression.of.map(shown).join(` ${expression.kind} `)})`;
  const { field, operator, value } = expression;
  return `${field.group ?? ''}|${field.key} ${operator}${value === undefined ? '' : ` ${JSON.stringify(value)}`}`;
}

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code} ${message}`;
  }
  return 'taken';
};

describe('parseFilter', () => {
  it.each([
    ['', ''],
    ['   ', ''],
    ["name = 'churn'", '|name = "churn"'],
    ["name='it''s'", '|name = "it\'s"'],
    ['name = "double quoted"', '|name = "double quoted"'],
    ["tags.team = 'ops'", 'tags|team = "ops"'],
    ["tags.mlflow.user != 'x'", 'tags|mlflow.user != "x"'],
    ['tags."a b" LIKE \'%c%\'', 'tags|a b LIKE "%c%"'],
    ["tags.`a\"b` iLike 'c'", 'tags|a"b ILIKE "c"'],
    ["`odd.name` = 'x'", '|odd.name = "x"'],
    ['metrics.auc>0.5 and metrics.loss <= -1e-3', '(metrics|auc > 0.5 and metrics|loss <= -0.001)'],
    ["run_id IN ('a', 'b')", '|run_id IN ["a","b"]'],
    ["run_id not in('a')", '|run_id NOT IN ["a"]'],
    ['tags.x IS NULL AND tags.y is not null', '(tags|x IS NULL and tags|y IS NOT NULL)'],
    ['size == 3', '|size = 3'],
    ['size <> 3', '|size != 3'],
    ["a = '1' or b = '2' and c = '3'", '(|a = "1" or (|b = "2" and |c = "3"))'],
    ["not (a = '1' or b = '2') and c = '3'", '(not (|a = "1" or |b = "2") and |c = "3")'],
    ["name = 'ünï 😀'", '|name = "ünï 😀"'],
  ])('reads %j', (text, expected) => {
    expect(shown(parseFilter(text))).toBe(expected);
  });

  it.each([
    ['name', 'at character 5: found the end, expected an operator after name'],
    ["name = 'open", "at character 8: the quote ' is not closed"],
    ["name ~ 'x'", "at character 6: '~' is not allowed here"],
    ['name = x', "at character 8: found 'x', expected a value for name"],
    ["name = 'a' name = 'b'", "at character 12: found 'name', expected AND, OR or the end"],
    ["(name = 'a'", 'expected a closing bracket'],
    ["name IN 'a'", 'expected a list in brackets after IN'],
    ["name IN ('a' 'b')", 'expected a comma or a closing bracket'],
    ["name IS 'a'", 'expected NULL'],
    ["name NOT LIKE 'a'", 'expected IN'],
    ["tags. = 'a'", 'a name is empty'],
    ["a\0b = 'x'", 'holds a NUL character'],
    ['x'.repeat(16_385), 'is 16385 characters long; at most 16384 are allowed'],
    [Array.from({ length: 101 }, () => 'a = 1').join(' and '), 'holds over 100 comparisons'],
    [`${'('.repeat(22)}a = 1${')'.repeat(22)}`, 'brackets are nested over 20 deep'],
    [`${'not '.repeat(9_000)}a = 1`, 'is 36005 characters long'],
    [`${'not '.repeat(3_000)}a = 1`, 'nested over 20 deep'],
    [`a IN (${'1,'.repeat(1_000)}1)`, 'a list holds over 1000 values'],
  ])('refuses %.40j, and says where and what is allowed', (text, reason) => {
    const said = refusal(() => parseFilter(text));
    expect(said).toMatch(/^search\.filter_invalid filter/);
    expect(said).toContain(reason);
  });

  it('takes no OR, NOT or brackets as conjunctions', () => {
    expect(shown(parseFilter("a = '1' AND b = '2'", 'conjunctions'))).toBe('(|a = "1" and |b = "2")');
    expect(refusal(() => parseFilter("a = '1' OR b = '2'", 'conjunctions'))).toContain('expected AND or the end');
    expect(refusal(() => parseFilter("(a = '1')", 'conjunctions'))).toContain('expected the name of a field');
    expect(refusal(() => parseFilter("not a = '1'", 'conjunctions'))).toContain('expected an operator after not');
  });
});

describe('parseOrder', () => {
  it.each([
    ['name', undefined, 'name', false],
    ['name ASC', undefined, 'name', false],
    ['metrics.auc desc', 'metrics', 'auc', true],
    ['metrics."f1 score" DESC', 'metrics', 'f1 score', true],
    ['desc', undefined, 'desc', false],
  ])('reads %j', (text, group, key, isDescending) => {
    expect(parseOrder(text)).toEqual({ field: { group, key }, isDescending });
  });

  it.each(['', 'name up', 'name; drop table x', "'name'", 'a b c', 'metrics.', 'name DESC, other'])(
    'refuses %j',
    (text) => {
      expect(refusal(() => parseOrder(text))).toMatch(/^search\.order_invalid/);
    },
  );
});
