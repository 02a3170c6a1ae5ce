import { describe, expect, it } from '@jest/globals';
import { compileFilter, parseFilter } from '../src/index.js';
import { fields } from './search-fields.js';

const compiled = (text: string, first?: number) => compileFilter(parseFilter(text)!, fields, first);

describe('compileFilter', () => {
  it.each([
    ["name = 'a'", '(o.name = $1::text)', ['a']],
    ["name != 'a' AND size >= 3", '((o.name <> $1::text) AND (o.size >= $2::double precision))', ['a', 3]],
    ["name LIKE 'a\\%'", '(o.name LIKE $1::text)', ['a\\\\%']],
    ["name NOT IN ('a', 'b')", '(o.name <> ALL($1::text[]))', [['a', 'b']]],
    ['size IS NULL', '(o.size IS NULL)', []],
    [
      "tags.team = 'ops'",
      '(EXISTS (SELECT FROM tag t WHERE t.owner = o.name AND t.key = $1 AND value = $2::text))',
      ['team', 'ops'],
    ],
    ['tags.team IS NULL', '(NOT EXISTS (SELECT FROM tag t WHERE t.owner = o.name AND t.key = $1 AND true))', ['team']],
    ["madeAt >= '2026-01-31'", '(o.made_at >= $1::timestamptz)', ['2026-01-31T00:00:00Z']],
    [
      "madeAt < '2026-01-31T09:30:00.123456+02:00'",
      '(o.made_at < $1::timestamptz)',
      ['2026-01-31T09:30:00.123456+02:00'],
    ],
    ["title = 'a'", '(o.title_start = $1::text)', ['a']],
    ["title IN ('a', 'b')", '(o.title_start = ANY($1::text[]))', [['a', 'b']]],
    [
      `title = '${'🦉'.repeat(257)}'`,
      '(o.title_start = $1::text AND o.title = $2::text)',
      ['🦉'.repeat(256), '🦉'.repeat(257)],
    ],
    [
      "title LIKE 'ab%c'",
      '(o.title LIKE $1::text AND o.title_start >= $2::text AND o.title_start < $3::text)',
      ['ab%c', 'ab', 'ac'],
    ],
    ["title LIKE '%c'", '(o.title LIKE $1::text)', ['%c']],
    ["title LIKE '\u{10ffff}'", '(o.title LIKE $1::text AND o.title_start >= $2::text)', ['\u{10ffff}', '\u{10ffff}']],
    ["name = 'a' OR NOT size < 1", '((o.name = $1::text) OR (NOT (o.size < $2::double precision)))', ['a', 1]],
  ])('makes a condition with parameters of %j', (text, sql, values) => {
    expect(compiled(text)).toEqual({ sql, values });
  });

  it('counts parameters from where the query goes on', () => {
    expect(compiled("name = 'a' AND size = 2", 5).sql).toBe(
      '((o.name = $5::text) AND (o.size = $6::double precision))',
    );
  });

  it.each([
    ["owner = 'a'", 'there is no field owner; there are name, size, madeAt, title, tags.<key>, metrics.<key>'],
    ["other.name = 'a'", 'there is no field other.name'],
    ["name < 'a'", 'name takes =, !=, LIKE, ILIKE, IN, NOT IN, not <'],
    ['name IS NULL', 'not IS NULL'],
    ["size LIKE '3'", 'size takes =, !=, <, <=, >, >=, IN, NOT IN, IS NULL, IS NOT NULL, not LIKE'],
    ["size = '3'", 'size is a number, and "3" is none'],
    ['name = 3', 'name is a text, and 3 is none'],
    ["madeAt > 'yesterday'", "madeAt takes a time as '2026-01-31T09:30:00Z'"],
    ["madeAt > '2026-02-31T25:00:00Z'", 'madeAt takes a time'],
    ['madeAt > 3', 'madeAt is a time, and 3 is none'],
    ["metrics.auc IN (1, 'x')", 'metrics.auc is a number, and "x" is none'],
  ])('refuses %j', (text, reason) => {
    expect(() => compiled(text)).toThrow(reason);
  });

  it('lets no character of a filter into the SQL, whatever it is', () => {
    const pieces = [
      'name',
      'tags.',
      '"',
      "'",
      '`',
      '=',
      ' LIKE ',
      ' AND ',
      ' OR ',
      'NOT ',
      '(',
      ')',
      'IN',
      ',',
      ';--',
      '$1',
      '\\',
      '1',
      '/*',
    ];
    let random = 7;
    const next = (below: number): number => (random = (random * 48_271) % 2_147_483_647) % below;
    let taken = 0;
    for (let round = 0; round < 20_000; round++) {
      const marked = `zq${round}`;
      const text = `name = '${marked}' AND ${Array.from({ length: next(7) }, () => pieces[next(pieces.length)]).join('')} tags."${marked}" = 'x'`;
      let sql: string;
      try {
        sql = compiled(text).sql;
      } catch {
        continue;
      }
      taken++;
      expect(sql).toMatch(/^[\w\s().,:[\]=<>$]*$/);
      expect(sql).not.toContain(marked);
    }
    expect(taken).toBeGreaterThan(500);
  });
});
