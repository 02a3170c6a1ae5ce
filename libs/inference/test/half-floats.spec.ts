import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { halfBits, halfValue, type HalfDatatype } from '../src/tensors/half-floats.js';

const TYPES: readonly HalfDatatype[] = ['FP16', 'BF16'];
/** Bits of infinity: those of all finite numbers of a sign are below it, in their order. */
const INFINITE = { FP16: 0x7c00, BF16: 0x7f80 } as const;
const SIGN = 0x8000;

/** The nearest of all numbers of the type, of two the even one, found by looking. */
function nearest(datatype: HalfDatatype, value: number): number {
  const size = Math.abs(value);
  let [low, high] = [0, INFINITE[datatype] - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (halfValue(datatype, middle) <= size) low = middle;
    else high = middle - 1;
  }
  const [below, above] = [halfValue(datatype, low), halfValue(datatype, low + 1)];
  // beyond the largest number, half of its last step away rounds to infinity
  const next = Number.isFinite(above) ? above : 2 * below - halfValue(datatype, low - 1);
  // exact: both differ from a neighbour by less than its own size
  const [down, up] = [size - below, next - size];
  const isUp = down > up || (down === up && low % 2 === 1);
  return (low + (isUp ? 1 : 0)) | (value < 0 || Object.is(value, -0) ? SIGN : 0);
}

describe.each(TYPES)('%s', (datatype) => {
  test('every one of its numbers is itself again', () => {
    for (let bits = 0; bits < 0x10000; bits += 1) {
      const value = halfValue(datatype, bits);
      if (Number.isNaN(value)) expect(halfValue(datatype, halfBits(datatype, value))).toBeNaN();
      else if (halfBits(datatype, value) !== bits) throw new Error(`${value} gave other bits than ${bits}`);
    }
  });

  test('a number becomes the one that is nearest, of two the even one', () => {
    const around = fc.tuple(fc.nat(INFINITE[datatype] - 2), fc.constantFrom(0.5, 0.25, 0.5 + 2 ** -30, 0.5 - 2 ** -30));
    const between = around.map(([bits, part]) => {
      const [low, high] = [halfValue(datatype, bits), halfValue(datatype, bits + 1)];
      return low + (high - low) * part;
    });
    const range = { noNaN: true, noDefaultInfinity: true, min: -70_000, max: 70_000 };
    fc.assert(
      fc.property(fc.oneof(between, fc.double(range)), fc.boolean(), (size, isNegative) => {
        const value = isNegative ? -size : size;
        expect(halfBits(datatype, value)).toBe(nearest(datatype, value));
      }),
      { numRuns: 3_000 },
    );
  });

  test('what is beyond its range is infinite', () => {
    expect(halfValue(datatype, halfBits(datatype, 1e39))).toBe(Infinity);
    expect(halfValue(datatype, halfBits(datatype, -Infinity))).toBe(-Infinity);
  });
});

test('a number that is a tie only in single precision is not taken for one', () => {
  expect(halfBits('BF16', 1 + 2 ** -8 + 2 ** -40)).toBe(0x3f81);
  expect(halfBits('BF16', 1 + 3 * 2 ** -8 - 2 ** -40)).toBe(0x3f81);
});
