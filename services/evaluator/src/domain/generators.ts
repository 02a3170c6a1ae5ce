import { type Random, randomStream } from './random.js';
import { type Column, type Table, takeRows, withColumns } from './table.js';

/** How a randomized set is derived from the golden one. */
export type Generator =
  | { readonly kind: 'noise'; readonly copies: number; readonly scale: number }
  | { readonly kind: 'missing'; readonly copies: number; readonly fraction: number }
  | { readonly kind: 'category-swap'; readonly copies: number; readonly fraction: number }
  | { readonly kind: 'subgroup'; readonly copies: number; readonly fraction: number };

/** A set derived with a recorded seed; `detail` says what was done to it. */
export interface RandomizedSet {
  readonly name: string;
  readonly seed: number;
  readonly detail: string;
  readonly table: Table;
}

/** Every copy of every generator; the same suite, golden set and seed give the same sets. */
export function* randomizedSets(
  golden: Table,
  generators: readonly Generator[],
  seed: number,
): Iterable<RandomizedSet> {
  for (const [index, generator] of generators.entries()) {
    for (let copy = 1; copy <= generator.copies; copy += 1) {
      const setSeed = seed + index * 1000 + copy;
      const { table, detail } = derive(golden, generator, randomStream(setSeed, generator.kind));
      yield { name: `${generator.kind}#${copy}`, seed: setSeed, detail, table };
    }
  }
}

interface Derived {
  readonly table: Table;
  readonly detail: string;
}

function derive(golden: Table, generator: Generator, random: Random): Derived {
  switch (generator.kind) {
    case 'noise':
      return {
        table: mapNumeric(golden, (column) => noisy(column, generator.scale, random)),
        detail: `normal noise of ${generator.scale} standard deviations on numeric columns`,
      };
    case 'missing':
      return {
        table: mapNumeric(golden, (column) =>
          column.map((value) => (random.next() < generator.fraction ? Number.NaN : value)),
        ),
        detail: `${percent(generator.fraction)} of numeric values missing`,
      };
    case 'category-swap':
      return {
        table: swapCategories(golden, generator.fraction, random),
        detail: `${percent(generator.fraction)} of categorical values swapped for another value of the column`,
      };
    case 'subgroup':
      return subgroup(golden, generator.fraction, random);
  }
}

const percent = (fraction: number): string => `${Math.round(fraction * 1000) / 10} %`;

function mapNumeric(table: Table, change: (values: Float64Array) => Float64Array): Table {
  const replaced = new Map<string, Column>();
  for (const [name, column] of table.columns)
    if (column.kind === 'numeric') replaced.set(name, { kind: 'numeric', values: change(column.values) });
  return withColumns(table, replaced);
}

function noisy(values: Float64Array, scale: number, random: Random): Float64Array {
  const present = values.filter((value) => Number.isFinite(value));
  const mean = present.reduce((sum, value) => sum + value, 0) / Math.max(1, present.length);
  const deviation = Math.sqrt(
    present.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, present.length - 1),
  );
  return values.map((value) => value + random.normal() * scale * deviation);
}

function swapCategories(table: Table, fraction: number, random: Random): Table {
  const replaced = new Map<string, Column>();
  for (const [name, column] of table.columns) {
    if (column.kind !== 'categorical') continue;
    const known = [...new Set(column.values)].sort();
    if (known.length < 2) continue;
    const swap = (value: string): string => {
      const at = random.below(known.length - 1);
      return known[at >= known.indexOf(value) ? at + 1 : at] ?? value;
    };
    replaced.set(name, {
      kind: 'categorical',
      values: column.values.map((value) => (random.next() < fraction ? swap(value) : value)),
    });
  }
  return withColumns(table, replaced);
}

/** Rows of one value of one categorical column, drawn with replacement; where there is no such column, of all rows. */
function subgroup(table: Table, fraction: number, random: Random): Derived {
  const categorical = [...table.columns].filter(([, column]) => column.kind === 'categorical');
  const size = Math.max(1, Math.round(table.rows * fraction));
  const chosen = categorical[random.below(categorical.length)];
  if (chosen === undefined)
    return {
      table: takeRows(
        table,
        Array.from({ length: size }, () => random.below(table.rows)),
      ),
      detail: `${size} rows drawn with replacement`,
    };
  const [name, column] = chosen;
  const values = column.values as readonly string[];
  const known = [...new Set(values)].sort();
  const value = known[random.below(known.length)] ?? '';
  const members = values.flatMap((candidate, row) => (candidate === value ? [row] : []));
  const drawn = Array.from(
    { length: Math.max(1, Math.round(members.length * fraction)) },
    () => members[random.below(members.length)] ?? 0,
  );
  return {
    table: takeRows(table, drawn),
    detail: `${drawn.length} rows with ${name} = '${value}', drawn with replacement`,
  };
}
