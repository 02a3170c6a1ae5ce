import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, digestOf, digestOfJson, isDigest } from '../src/index.js';

const json = fc.jsonValue();

/** The same value with the members of every object in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  );
}

describe('canonicalJson', () => {
  it('parses back to the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('is a fixed point: parsing and printing again changes nothing', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it('gives different values different texts', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const isSame = JSON.stringify(shuffled(shuffled(a))) === JSON.stringify(shuffled(shuffled(b)));
        if (canonicalJson(a) === canonicalJson(b))
          expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
        else expect(isSame).toBe(false);
      }),
    );
  });

  it('has no white space between tokens', () => {
    expect(canonicalJson({ b: [1, 'x y'], a: null })).toBe('{"a":null,"b":[1,"x y"]}');
  });

  it('sorts names by UTF-16 code units, as RFC 8785 says', () => {
    // The example of RFC 8785 §3.2.3, without the escapes.
    const names = ['€', '\r', '\ufb33', '1', '😀', '\u0080', 'ö'];
    const value = Object.fromEntries(names.map((name) => [name, 0]));
    expect(Object.keys(JSON.parse(canonicalJson(value)) as object).filter((name) => name !== '1')).toEqual([
      '\r',
      '\u0080',
      'ö',
      '€',
      '😀',
      '\ufb33',
    ]);
    expect(canonicalJson(value).indexOf('"1"')).toBeGreaterThan(canonicalJson(value).indexOf('\\r'));
  });

  it('leaves undefined members out and says undefined items as null, like JSON', () => {
    expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [() => 1], [Symbol('x')], [undefined], [10n]])(
    'refuses %p',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
      expect(() => canonicalJson({ deep: { value: [value === undefined ? Number.NaN : value] } })).toThrow(TypeError);
    },
  );
});

describe('digests', () => {
  it('are sha256 of the bytes, in hex', () => {
    // NIST's test vector for the three bytes `abc`.
    const expected = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(digestOf('abc')).toBe(expected);
    expect(digestOf(Buffer.from('abc'))).toBe(expected);
  });

  it('of a value do not depend on the order of members', () => {
    expect(digestOfJson({ a: 1, b: 2 })).toBe(digestOfJson({ b: 2, a: 1 }));
    expect(digestOfJson({ a: 1 })).not.toBe(digestOfJson({ a: '1' }));
  });

  it('are told from other texts', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(isDigest(digestOf(text))).toBe(true);
      }),
    );
    const good = digestOf('x');
    for (const text of [
      '',
      good.toUpperCase(),
      good.slice(0, -1),
      `${good}0`,
      good.replace('sha256:', 'md5:'),
      ` ${good}`,
      `${good}\n`,
    ])
      expect(isDigest(text)).toBe(false);
  });
});
