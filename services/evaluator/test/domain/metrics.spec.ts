import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { meanInterval, wilsonInterval, zOf } from '../../src/domain/intervals.js';
import { type MetricName, measure } from '../../src/domain/metrics.js';

const numbers = (...values: number[]): Float64Array => Float64Array.from(values);
const measured = (metric: MetricName, scores: number[], labels: number[]): ReturnType<typeof measure> =>
  measure(metric, numbers(...scores), numbers(...labels), 0.95);

describe('intervals', () => {
  it.each([
    [0.95, 1.959964],
    [0.99, 2.575829],
    [0.5, 0.67449],
    [0.999, 3.290527],
  ])('knows the z of %f', (confidence, z) => {
    expect(zOf(confidence)).toBeCloseTo(z, 6);
  });

  it("gives Wilson's interval as it is tabulated, within [0, 1] at the ends", () => {
    const eight = wilsonInterval(8, 10, 0.95);
    expect(eight.value).toBe(0.8);
    expect(eight.low).toBeCloseTo(0.4902, 4);
    expect(eight.high).toBeCloseTo(0.9433, 4);
    expect(wilsonInterval(0, 10, 0.95).low).toBe(0);
    expect(wilsonInterval(0, 10, 0.95).high).toBeCloseTo(0.2775, 4);
    expect(wilsonInterval(10, 10, 0.95).high).toBe(1);
  });

  it('puts the standard error of the mean around the mean', () => {
    // variance of 1, 2, 3 is 1; the standard error 1/√3
    const { value, low, high } = meanInterval(numbers(1, 2, 3), 0.95);
    expect(value).toBe(2);
    expect(high - value).toBeCloseTo(1.959964 / Math.sqrt(3), 6);
    expect(value - low).toBeCloseTo(high - value, 12);
  });
});

describe('measure', () => {
  it('counts the pairs that are in order, and takes DeLong’s variance (worked by hand)', () => {
    // pairs: 0.9 > 0.6, 0.9 > 0.1, 0.4 < 0.6, 0.4 > 0.1; both classes' placements are (1, 0.5) with variance 1/8
    const auc = measured('auc', [0.9, 0.6, 0.4, 0.1], [1, 0, 1, 0]);
    expect(auc?.value).toBe(0.75);
    expect(auc?.low).toBeCloseTo(0.75 - 1.959964 * Math.sqrt(1 / 8), 6);
    expect(auc?.high).toBe(1);
  });

  it('counts a tie as half a pair', () => {
    expect(measured('auc', [0.5, 0.8, 0.5, 0.2], [1, 1, 0, 0])?.value).toBe(0.875);
    expect(measured('auc', [0.3, 0.3, 0.3, 0.3], [1, 0, 1, 0])).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
  });

  it('agrees with counting all pairs, whatever the ties', () => {
    const row = fc.record({ score: fc.integer({ min: 0, max: 5 }), label: fc.constantFrom(0, 1) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 40 }), (rows) => {
        const [positive, negative] = [1, 0].map((label) => rows.filter((r) => r.label === label)) as [
          typeof rows,
          typeof rows,
        ];
        fc.pre(positive.length > 0 && negative.length > 0);
        const won = positive.flatMap((p) =>
          negative.map((n) => (p.score > n.score ? 1 : p.score === n.score ? 0.5 : 0)),
        );
        const expected = won.reduce<number>((sum, w) => sum + w, 0) / won.length;
        const auc = measured('auc', rows.map((r) => r.score / 5), rows.map((r) => r.label)); // prettier-ignore
        expect(auc?.value).toBeCloseTo(expected, 10);
        expect(auc?.low).toBeLessThanOrEqual(expected + 1e-9);
        expect(auc?.high).toBeGreaterThanOrEqual(expected - 1e-9);
      }),
    );
  });

  it('measures log-loss, Brier score and accuracy (worked by hand)', () => {
    expect(measured('log-loss', [0.8, 0.4], [1, 0])?.value).toBeCloseTo((-Math.log(0.8) - Math.log(0.6)) / 2, 12);
    expect(measured('brier', [0.8, 0.4], [1, 0])?.value).toBeCloseTo((0.04 + 0.16) / 2, 12);
    expect(measured('accuracy', [0.8, 0.5, 0.2, 0.5], [1, 1, 0, 0])?.value).toBe(0.75);
  });

  it('keeps log-loss finite for a sure and wrong model, and never below 0', () => {
    expect(measured('log-loss', [0, 1], [1, 0])?.value).toBeCloseTo(-Math.log(1e-15), 6);
    expect(measured('log-loss', [1.7, 1.7], [1, 1])?.value).toBeCloseTo(0, 12);
  });

  it('is not defined without rows, with a score that is no number, and for one class (auc)', () => {
    expect(measured('accuracy', [], [])).toBeUndefined();
    expect(measured('auc', [0.1, 0.9], [1, 1])).toBeUndefined();
    expect(measured('auc', [Number.NaN, 0.9, 0.2], [1, 1, 0])).toBeUndefined();
    expect(measured('log-loss', [Number.NaN, 0.9], [1, 0])).toBeUndefined();
  });
});
