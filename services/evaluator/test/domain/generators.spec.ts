import { describe, expect, it } from '@jest/globals';
import { type Generator, randomizedSets } from '../../src/domain/generators.js';
import { randomStream } from '../../src/domain/random.js';
import type { Table } from '../../src/domain/table.js';

const ROWS = 2000;
const AIRPORTS = ['EWR', 'JFK', 'LGA'];
const golden: Table = {
  rows: ROWS,
  columns: new Map([
    ['hour', { kind: 'numeric' as const, values: Float64Array.from({ length: ROWS }, (_, row) => row % 24) }],
    [
      'origin',
      { kind: 'categorical' as const, values: Array.from({ length: ROWS }, (_, row) => AIRPORTS[row % 3] ?? '') },
    ],
  ]),
  labels: Float64Array.from({ length: ROWS }, (_, row) => row % 2),
};

const setsOf = (
  generator: Generator,
  seed = 7,
): ReturnType<typeof randomizedSets> extends Iterable<infer S> ? S[] : never => [
  ...randomizedSets(golden, [generator], seed),
];
const first = (generator: Generator, seed?: number): Table => setsOf(generator, seed)[0]!.table;
const numeric = (table: Table): readonly number[] => [...(table.columns.get('hour')!.values as Float64Array)];
const categorical = (table: Table): readonly string[] => table.columns.get('origin')!.values as readonly string[];

describe('randomStream', () => {
  it('gives the same numbers for the same seed and name, and others for another', () => {
    const draw = (seed: number, name: string): number[] => {
      const random = randomStream(seed, name);
      return Array.from({ length: 5 }, () => random.next());
    };
    expect(draw(1, 'noise')).toEqual(draw(1, 'noise'));
    expect(draw(1, 'noise')).not.toEqual(draw(2, 'noise'));
    expect(draw(1, 'noise')).not.toEqual(draw(1, 'missing'));
  });

  it('is even in [0, 1) and normal where asked', () => {
    const random = randomStream(3, 'moments');
    const n = 20_000;
    const even = Array.from({ length: n }, () => random.next());
    expect(Math.min(...even)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...even)).toBeLessThan(1);
    expect(even.reduce((sum, x) => sum + x, 0) / n).toBeCloseTo(0.5, 1);
    const normal = Array.from({ length: n }, () => random.normal());
    expect(normal.reduce((sum, x) => sum + x, 0) / n).toBeCloseTo(0, 1);
    expect(normal.reduce((sum, x) => sum + x * x, 0) / n).toBeCloseTo(1, 1);
  });
});

describe('randomizedSets', () => {
  const all: Generator[] = [
    { kind: 'noise', copies: 2, scale: 0.5 },
    { kind: 'missing', copies: 1, fraction: 0.2 },
    { kind: 'category-swap', copies: 1, fraction: 0.3 },
    { kind: 'subgroup', copies: 1, fraction: 0.5 },
  ];

  it('names every copy, gives each a seed of its own, and repeats with the seed', () => {
    const once = [...randomizedSets(golden, all, 7)];
    expect(once.map(({ name }) => name)).toEqual(['noise#1', 'noise#2', 'missing#1', 'category-swap#1', 'subgroup#1']);
    expect(new Set(once.map(({ seed }) => seed)).size).toBe(5);
    expect([...randomizedSets(golden, all, 7)]).toEqual(once);
    expect([...randomizedSets(golden, all, 8)].map(({ table }) => table)).not.toEqual(once.map(({ table }) => table));
    expect(numeric(once[0]!.table)).not.toEqual(numeric(once[1]!.table));
  });

  it('noise moves numbers by the stated share of their deviation, and nothing else', () => {
    const table = first(all[0]!);
    const moved = numeric(table).map((value, row) => value - numeric(golden)[row]!);
    const deviation = Math.sqrt(moved.reduce((sum, x) => sum + x * x, 0) / ROWS);
    expect(deviation / 6.92).toBeCloseTo(0.5, 1); // 0 … 23 deviate by 6.92
    expect(categorical(table)).toEqual(categorical(golden));
    expect(table.labels).toEqual(golden.labels);
  });

  it('missing takes the stated share of the numbers away', () => {
    const table = first(all[1]!);
    expect(numeric(table).filter((value) => Number.isNaN(value)).length / ROWS).toBeCloseTo(0.2, 1);
    expect(categorical(table)).toEqual(categorical(golden));
  });

  it('category-swap puts another known value in the place of the stated share', () => {
    const swapped = categorical(first(all[2]!));
    expect(swapped.filter((value, row) => value !== categorical(golden)[row]).length / ROWS).toBeCloseTo(0.3, 1);
    expect(new Set(swapped)).toEqual(new Set(AIRPORTS));
    const everything = categorical(first({ kind: 'category-swap', copies: 1, fraction: 1 }));
    expect(everything.some((value, row) => value === categorical(golden)[row])).toBe(false);
  });

  it('subgroup draws rows of one value, with the labels that belong to them', () => {
    const table = first(all[3]!);
    expect(new Set(categorical(table)).size).toBe(1);
    expect(table.rows).toBe(Math.round((ROWS / 3) * 0.5));
    expect([...table.labels]).toEqual(numeric(table).map((hour) => hour % 2)); // hour and label are both of the row's parity
  });

  it('subgroup draws of all rows where no column is categorical', () => {
    const plain = { ...golden, columns: new Map([...golden.columns].filter(([name]) => name === 'hour')) };
    const [set] = [...randomizedSets(plain, [{ kind: 'subgroup', copies: 1, fraction: 0.1 }], 1)];
    expect(set?.table.rows).toBe(200);
    expect(set?.detail).toBe('200 rows drawn with replacement');
  });
});
