import { ProblemError } from '@myriad/kernel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor, pageOfRows, startOf } from '../src/index.js';

const values = fc.array(
  fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  ),
  { maxLength: 5 },
);

function refusal(token: string, list = ''): string {
  try {
    decodeCursor(token, list);
  } catch (error) {
    if (error instanceof ProblemError) return `${error.kind} ${error.code} ${error.errors[0]?.pointer ?? ''}`;
  }
  return 'none';
}
const INVALID = 'invalid persistence.cursor_invalid #query/pageToken';

describe('a cursor', () => {
  it('gives back what was put in', () => {
    fc.assert(
      fc.property(values, fc.string(), (sortKeys, list) => {
        expect(decodeCursor(encodeCursor(sortKeys, list), list)).toEqual(JSON.parse(JSON.stringify(sortKeys)));
      }),
    );
  });

  it('is of letters that stand in a URL as they are', () => {
    fc.assert(
      fc.property(values, (sortKeys) => {
        expect(encodeCursor(sortKeys)).toMatch(/^[A-Za-z0-9_-]+$/);
      }),
    );
  });

  it('is refused when one character of it was changed, cut off or added', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    fc.assert(
      fc.property(values, fc.nat(), fc.integer({ min: 0, max: 63 }), (sortKeys, at, to) => {
        const token = encodeCursor(sortKeys);
        const index = at % token.length;
        const changed = `${token.slice(0, index)}${alphabet[to]!}${token.slice(index + 1)}`;
        if (changed !== token) expect(refusal(changed)).toBe(INVALID);
        expect(refusal(token.slice(0, index))).toBe(INVALID);
        expect(refusal(`${token}${alphabet[to]!}`)).toBe(INVALID);
      }),
    );
  });

  it('is refused by another list or other filters', () => {
    expect(refusal(encodeCursor(['a'], 'models?state=ready'), 'models?state=failed')).toBe(INVALID);
  });

  it.each(['', 'x', '!!!!', 'é', 'AAAAAAAA', Buffer.from('["a"]').toString('base64url')])('refuses %p', (token) => {
    expect(refusal(token)).toBe(INVALID);
  });
});

describe('a page of rows', () => {
  const rows = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
  const pageAfter = (pageSize: number, pageToken?: string) => {
    const after = startOf({ pageSize, pageToken });
    const found = rows.filter(({ id }) => after === null || id > String(after)).slice(0, pageSize + 1);
    return pageOfRows(
      found,
      { pageSize, pageToken },
      (row) => ({ name: row.id }),
      ({ name }) => name,
    );
  };

  it('is followed by the others until all rows were seen', () => {
    const first = pageAfter(2);
    expect(first.items).toEqual([{ name: 'a' }, { name: 'b' }]);
    expect(pageAfter(2, first.nextPageToken)).toStrictEqual({ items: [{ name: 'c' }] });
    expect(pageAfter(3)).not.toHaveProperty('nextPageToken');
  });

  it('may be sorted by several keys', () => {
    const { nextPageToken } = pageOfRows(
      rows,
      { pageSize: 1 },
      (row) => row,
      ({ id }) => [id, 7],
    );
    expect(decodeCursor(nextPageToken!)).toEqual(['a', 7]);
  });

  it('refuses a token that no list gave', () => {
    expect(() => startOf({ pageSize: 1, pageToken: 'x' })).toThrow(ProblemError);
  });
});
