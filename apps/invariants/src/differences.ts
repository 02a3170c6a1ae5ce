import { canonicalJson } from '@myriad/kernel';
import type { Row } from './world.js';

/** Two tellings of the same things. */
export interface Tellings {
  /** What they are, for sentences: `training.dataset_view`. */
  readonly copy: string;
  readonly original: string;
  /** The columns that name a thing; the others are what is told of it. */
  readonly key: readonly string[];
  readonly copies: readonly Row[];
  readonly originals: readonly Row[];
}

/** What the copy lacks, has too much, or tells otherwise, one sentence each. */
export function differences({ copy, original, key, copies, originals }: Tellings): readonly string[] {
  const nameOf = (row: Row): string => key.map((column) => String(row[column])).join('/');
  const told = new Map(copies.map((row) => [nameOf(row), row]));
  const found: string[] = [];
  for (const row of originals) {
    const name = nameOf(row);
    const other = told.get(name);
    told.delete(name);
    if (other === undefined) found.push(`${copy} lacks ${name} of ${original}`);
    else found.push(...unequal(row, other).map((what) => `${copy} ${name} differs from ${original}: ${what}`));
  }
  return [...found, ...[...told.keys()].map((name) => `${copy} has ${name}, which ${original} does not have`)];
}

function unequal(original: Row, copy: Row): readonly string[] {
  return Object.keys(original).flatMap((column) => {
    const [one, other] = [plain(original[column]), plain(copy[column])];
    return one === other ? [] : [`${column} is ${shortened(other)}, not ${shortened(one)}`];
  });
}

const plain = (value: unknown): string => canonicalJson(value instanceof Date ? value.toISOString() : (value ?? null));

const shortened = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)}…` : text);
